import { createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A proxy in front of the stack that loses answers: the request arrives and is done, its caller never learns. */
export interface AnswerCutter {
  url: string;
  /** Answers lost so far. */
  cut(): number;
  stop(): Promise<void>;
}

/** Decides about an answer that is there. */
export type Cuts = (path: string, body: string) => boolean;

export async function startAnswerCutter(target: string, cuts: Cuts): Promise<AnswerCutter> {
  const { hostname, port } = new URL(target);
  let lost = 0;
  const server = createServer((incoming, outgoing) => {
    const { method, url: path = '', headers } = incoming;
    const forwarded = request({ hostname, port, method, path, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', () => outgoing.destroy());
      answer.on('end', () => {
        const body = Buffer.concat(chunks);
        if (cuts(path, body.toString())) {
          lost += 1;
          cutOff(outgoing, body);
          return;
        }
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        outgoing.end(body);
      });
    });
    forwarded.on('error', () => outgoing.destroy());
    incoming.pipe(forwarded);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: () => lost,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Half of the time nothing arrives, half of the time a torn piece does. */
function cutOff(outgoing: ServerResponse, body: Buffer): void {
  if (Math.random() < 0.5) {
    outgoing.destroy();
    return;
  }
  outgoing.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
  outgoing.write(body.subarray(0, body.length >> 1), () => outgoing.destroy());
}
