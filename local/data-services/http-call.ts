import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest, Agent as SecureAgent } from 'node:https';

export interface HttpAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface HttpCall {
  method: string;
  path: string;
  headers: Record<string, string | string[] | undefined>;
  body?: Buffer | string;
  signal?: AbortSignal;
}

const agent = new Agent({ keepAlive: true, maxSockets: 256 });
const secureAgent = new SecureAgent({ keepAlive: true, maxSockets: 256 });

/** Which `request` function and connections fit an address. */
export function transportOf(target: URL): {
  request: typeof httpRequest;
  agent: Agent;
} {
  return target.protocol === 'https:'
    ? { request: httpsRequest, agent: secureAgent }
    : { request: httpRequest, agent };
}

/**
 * One HTTP exchange over a kept connection, the body in memory: half the cost of `fetch`.
 * @throws {Error} with Node's network code, e.g. ECONNREFUSED
 */
export function callHttp(
  target: URL,
  { method, path, headers, body, signal }: HttpCall,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const transport = transportOf(target);
    const outgoing = transport.request(
      { host: target.hostname, port: target.port, method, path, headers, agent: transport.agent, signal },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const [first] = chunks;
          const whole = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
          resolve({ status: incoming.statusCode ?? 502, headers: incoming.headers, body: whole });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Lets go of idle connections, so that the process can end. */
export function closeIdleConnections(): void {
  agent.destroy();
  secureAgent.destroy();
}
