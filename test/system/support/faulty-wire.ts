import {
  type ClientRequest,
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';

/** What a call looked like on its way. */
export interface SeenCall {
  /** Its last path segment: `claim`, `heartbeat`, `complete` … */
  operation: string;
  path: string;
  body: Record<string, unknown>;
  /** 0 while there is no answer. */
  status: number;
}

/** What happens to an answer on its way to the caller: it arrives, is lost, or is a 503 instead of the call. */
export type Fault = 'none' | 'lose-answer' | 'unavailable';

/** A connection to the service that fails on demand. */
export interface FaultyWire {
  url: string;
  calls: SeenCall[];
  /** Decides about each call when it arrives, and again when its answer is there. */
  fault: (call: SeenCall, answer?: string) => Fault;
  close(): Promise<void>;
}

/** Stands between a worker and the service. */
export async function faultyWire(target: string): Promise<FaultyWire> {
  const calls: SeenCall[] = [];
  const underWay = new Set<ClientRequest>();
  const server = createServer(async (incoming, outgoing) => {
    const text = await readAll(incoming);
    const path = String(incoming.url);
    const operation = path.split('/').at(-1) ?? '';
    const call: SeenCall = { operation, path, body: text === '' ? {} : JSON.parse(text), status: 0 };
    calls.push(call);
    if (wire.fault(call) === 'unavailable') {
      call.status = 503;
      outgoing.writeHead(503, { 'retry-after': '1', 'content-type': 'application/problem+json' });
      outgoing.end('{"status":503,"code":"unavailable","detail":"the test says so"}');
      return;
    }
    const { host: _host, ...headers } = incoming.headers;
    const forward = httpRequest(target + path, { method: incoming.method, headers, agent: false });
    underWay.add(forward);
    forward.on('close', () => underWay.delete(forward));
    // As at API Gateway, the service does not learn that the caller has gone.
    forward.on('response', async (answer) => pass(call, answer, outgoing));
    forward.on('error', () => outgoing.destroy());
    forward.end(text);
  });
  const pass = async (call: SeenCall, answer: IncomingMessage, outgoing: ServerResponse) => {
    const text = await readAll(answer).catch(() => undefined);
    if (text === undefined) return outgoing.destroy();
    call.status = answer.statusCode ?? 0;
    if (wire.fault(call, text) === 'lose-answer') return outgoing.destroy();
    outgoing.writeHead(call.status, { ...answer.headers, connection: 'close' });
    outgoing.end(text);
  };
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  const wire: FaultyWire = {
    url: `http://127.0.0.1:${port}`,
    calls,
    fault: () => 'none',
    close: async () => {
      for (const forward of underWay) forward.destroy();
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  return wire;
}

async function readAll(stream: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
