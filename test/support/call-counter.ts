import { createServer, request as httpRequest } from 'node:http';

/** Counts the calls that pass through to a DynamoDB endpoint. */
export interface CallCounter {
  /** The operations since the last call of this, in order, e.g. `['Query', 'UpdateItem']`. */
  take(): string[];
  /** The next call of this operation is carried out, and its answer never comes back. */
  loseAnswer(operation: string): void;
  /** After so many writes nothing is carried out any more, as if the caller were dead. */
  dieAfter(writes: number): void;
  /** Ends that. @returns true when anything was refused */
  revive(): boolean;
  stop(): Promise<void>;
}

/** Stands between the functions and DynamoDB; call it before the code under test makes its first call. */
export async function countCalls(endpoint: string): Promise<CallCounter> {
  let calls: string[] = [];
  let lost: string | undefined;
  let writesLeft: number | undefined;
  let died = false;
  const server = createServer((incoming, outgoing) => {
    const operation = String(incoming.headers['x-amz-target']).split('.')[1] ?? '';
    calls.push(operation);
    if (writesLeft === 0) {
      died = true;
      outgoing.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' });
      outgoing.end(JSON.stringify({ __type: 'ValidationException', message: 'dead' }));
      return;
    }
    if (writesLeft !== undefined && /Put|Update|Delete|Write/.test(operation)) writesLeft -= 1;
    const isLost = operation === lost;
    if (isLost) lost = undefined;
    const { host: _host, ...headers } = incoming.headers;
    const forward = httpRequest(endpoint, { method: 'POST', headers }, (response) => {
      if (isLost) return response.resume().once('end', () => outgoing.destroy());
      outgoing.writeHead(response.statusCode ?? 500, response.headers);
      response.pipe(outgoing);
    });
    incoming.pipe(forward);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  process.env.AWS_ENDPOINT_URL_DYNAMODB = `http://127.0.0.1:${port}`;
  return {
    take() {
      const taken = calls;
      calls = [];
      return taken;
    },
    loseAnswer(operation) {
      lost = operation;
    },
    dieAfter(writes) {
      writesLeft = writes;
      died = false;
    },
    revive() {
      writesLeft = undefined;
      return died;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
