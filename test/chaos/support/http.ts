import { Agent, request } from 'node:http';

export interface HttpAnswer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape are looked into
  body: any;
}

/** A keep-alive client of one stack and identity; what it costs must leave the machine to the stack. */
export interface Client {
  /** @throws {Error} when no answer comes: refused, cut, or silent for half a minute */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<HttpAnswer>;
  /** The same until there is an answer other than 5xx; every call of the task API is safe to repeat. */
  insist(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<HttpAnswer>;
  close(): void;
}

const silenceMillis = 30_000;
/** How long a call is repeated, in milliseconds: a runtime that was killed needs some seconds on a busy machine. */
const insistMillis = 180_000;
const betweenTriesMillis = 150;

export function clientOf(baseUrl: string, token: string): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const { hostname, port } = new URL(baseUrl);
  const call: Client['call'] = (method, path, body, headers) => {
    const payload = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          agent,
          hostname,
          port,
          method,
          path,
          timeout: silenceMillis,
          headers: {
            authorization: `Bearer ${token}`,
            ...(payload !== undefined && {
              'content-type': 'application/json',
              'content-length': Buffer.byteLength(payload),
            }),
            ...headers,
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            try {
              resolve({ status: response.statusCode ?? 0, body: text === '' ? undefined : JSON.parse(text) });
            } catch {
              reject(
                new Error(`${method} ${path} → ${response.statusCode}: not JSON: ${text.slice(0, 200)}`),
              );
            }
          });
        },
      );
      outgoing.on('error', reject);
      outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${path}: silence`)));
      outgoing.end(payload);
    });
  };
  return {
    call,
    async insist(method, path, body, headers) {
      const until = performance.now() + insistMillis;
      for (;;) {
        // An error of Node's own is no instance of the `Error` that a Jest test knows.
        const answer = await call(method, path, body, headers).catch((error) => ({
          status: 0,
          body: String(error),
        }));
        if (answer.status > 0 && answer.status < 500 && answer.status !== 429) return answer;
        if (performance.now() > until) {
          const last = `${answer.status} ${JSON.stringify(answer.body)}`;
          throw new Error(`${method} ${path}: no good answer within ${insistMillis / 1000} s; ${last}`);
        }
        await new Promise((wake) => setTimeout(wake, betweenTriesMillis));
      }
    },
    close: () => agent.destroy(),
  };
}
