import { WebSocket } from 'ws';

export interface RealtimeMessage {
  type: string;
  id?: string;
  payload?: Record<string, unknown>;
}

export interface RealtimeClientOptions {
  /** Instead of `host` and `Authorization`; null leaves the parameter out. */
  header?: Record<string, string> | null;
  /** Sends the header as `header-<base64url>` beside the protocol. */
  headerInProtocol?: boolean;
  protocols?: string[];
}

/** A client of AppSync's WebSocket protocol that shows every message. */
export interface RealtimeClient {
  readonly subprotocol: string;
  /** Close code. */
  readonly closed: Promise<number>;
  send(message: object): void;
  sendText(text: string): void;
  start(id: string, query: string, variables?: Record<string, unknown>, token?: string): void;
  /** `start` with this text as `payload.data`. */
  startWith(id: string, data: string): void;
  /** @throws after 5 s without a message */
  next(): Promise<RealtimeMessage>;
  /** @throws when a message arrives within 100 ms */
  expectSilence(): Promise<void>;
  close(): void;
}

/**
 * @param url of the GraphQL endpoint, `http://…/graphql`
 * @throws when the handshake is refused
 */
export async function connectRealtime(
  url: string,
  token: string,
  { header, headerInProtocol = false, protocols = ['graphql-ws'] }: RealtimeClientOptions = {},
): Promise<RealtimeClient> {
  const target = new URL(url.replace(/^http/, 'ws'));
  const given = header === undefined ? { host: target.host, Authorization: token } : header;
  const encoded = given && Buffer.from(JSON.stringify(given));
  if (encoded && !headerInProtocol) target.searchParams.set('header', encoded.toString('base64'));
  target.searchParams.set('payload', 'e30=');
  const socket = new WebSocket(target, [
    ...protocols,
    ...(encoded && headerInProtocol ? [`header-${encoded.toString('base64url')}`] : []),
  ]);

  const arrived: RealtimeMessage[] = [];
  let wake: (() => void) | undefined;
  socket.on('message', (data) => {
    arrived.push(JSON.parse(String(data)));
    wake?.();
  });
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));

  const waiting: Promise<unknown>[] = [];
  const takeNext = async (): Promise<RealtimeMessage> => {
    const end = Date.now() + 5000;
    for (;;) {
      const message = arrived.shift();
      if (message) return message;
      if (Date.now() > end) throw new Error('no message within 5 s');
      await Promise.race([
        new Promise<void>((resolve) => {
          wake = resolve;
        }),
        new Promise((resolve) => setTimeout(resolve, 50)),
      ]);
    }
  };
  const startWith = (id: string, data: string, authorization: Record<string, string>) =>
    socket.send(JSON.stringify({ type: 'start', id, payload: { data, extensions: { authorization } } }));

  return {
    subprotocol: socket.protocol,
    closed,
    send: (message) => socket.send(JSON.stringify(message)),
    sendText: (text) => socket.send(text),
    start: (id, query, variables = {}, startToken = token) =>
      startWith(id, JSON.stringify({ query, variables }), { host: target.host, Authorization: startToken }),
    startWith: (id, data) => startWith(id, data, { host: target.host, Authorization: token }),
    next() {
      // One after the other, so that messages keep their order among several waiters.
      const turn = Promise.all(waiting).then(takeNext);
      waiting.splice(
        0,
        waiting.length,
        turn.catch(() => {}),
      );
      return turn;
    },
    async expectSilence() {
      await new Promise((resolve) => setTimeout(resolve, 100));
      if (arrived.length > 0) throw new Error(`unexpected message ${JSON.stringify(arrived[0])}`);
    },
    close: () => socket.terminate(),
  };
}
