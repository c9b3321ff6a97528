import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A call as it arrived. */
export interface ReceivedCall {
  path: string;
  headers: IncomingHttpHeaders;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  body: any;
  /** Epoch milliseconds. */
  at: number;
}

export interface CallAnswer {
  status?: number;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** Milliseconds before the answer. */
  delay?: number;
  /** Ends the connection without an answer. */
  hangUp?: boolean;
  /** Begins the answer and never ends it. */
  stall?: boolean;
}

/** Somebody that http tasks are sent to, on this machine. */
export interface Receiver {
  url: string;
  calls: ReceivedCall[];
  /** The calls for one task, oldest first. */
  callsOf(taskId: string): ReceivedCall[];
  stop(): Promise<void>;
}

/** @param answer decides by the call and by how many came for its task before */
export async function startReceiver(
  answer: (call: ReceivedCall, earlier: number) => CallAnswer = () => ({}),
): Promise<Receiver> {
  const calls: ReceivedCall[] = [];
  const callsOf = (taskId: string) => calls.filter(({ body }) => body?.id === taskId);
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', async () => {
      const text = Buffer.concat(chunks).toString();
      const call = {
        path: request.url ?? '/',
        headers: request.headers,
        text,
        body: JSON.parse(text),
        at: Date.now(),
      };
      const earlier = callsOf(call.body.id).length;
      calls.push(call);
      const { status = 200, headers = {}, body = '', delay = 0, hangUp, stall } = answer(call, earlier);
      if (delay > 0) await new Promise((wake) => setTimeout(wake, delay));
      if (hangUp) return request.socket.destroy();
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      if (stall) response.write(body);
      else response.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    callsOf,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** The signature that Standard Webhooks asks for. */
export function signatureOf(
  secret: string,
  { headers, text }: Pick<ReceivedCall, 'headers' | 'text'>,
): string {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${text}`;
  return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
}
