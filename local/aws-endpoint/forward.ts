import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { BackendName, Backends } from '../data-services/backends.ts';
import { callHttp, type HttpAnswer, transportOf } from '../data-services/http-call.ts';
import { signForForeign } from '../data-services/sign-for-foreign.ts';
import { replyError } from './reply.ts';

/** Headers of one connection, not of the message. */
const hopByHop = ['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'expect'];

/**
 * Passes a request with its body in memory on to the backend.
 * @returns the backend's answer, unchanged; undefined when it cannot be reached
 */
export async function forwardBuffered(
  backends: Backends,
  service: BackendName,
  request: Pick<IncomingMessage, 'method' | 'url' | 'headers'>,
  body: Buffer,
): Promise<HttpAnswer | undefined> {
  const target = backends.urls[service];
  const headers = { ...passedOn(request.headers), host: target.host, 'content-length': String(body.length) };
  const call = { method: request.method ?? 'POST', path: request.url ?? '/', headers, body };
  try {
    const ready = backends.isForeign(service) ? await signForForeign(target, service, call) : call;
    const answer = await callHttp(target, ready);
    return { ...answer, headers: passedOn(answer.headers) };
  } catch {
    return undefined;
  }
}

/** Passes a request on while it arrives, and the answer likewise: for objects of any size. */
export async function forwardStream(
  backends: Backends,
  service: BackendName,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const target = backends.urls[service];
  const headers = { ...passedOn(request.headers), host: target.host };
  const call = { method: request.method ?? 'GET', path: request.url ?? '/', headers };
  const ready = backends.isForeign(service) ? await signForForeign(target, service, call) : call;
  const transport = transportOf(target);
  const outgoing = transport.request(
    { ...ready, host: target.hostname, port: target.port, agent: transport.agent },
    (incoming) => {
      response.writeHead(incoming.statusCode ?? 502, passedOn(incoming.headers));
      incoming.pipe(response);
    },
  );
  outgoing.on('error', () => {
    if (response.headersSent) response.destroy();
    else replyError(response, service, 503, 'ServiceUnavailable', `${service} does not answer right now.`);
  });
  request.pipe(outgoing);
}

function passedOn(headers: IncomingHttpHeaders): Record<string, string | string[] | undefined> {
  const kept = { ...headers };
  for (const name of hopByHop) delete kept[name];
  return kept;
}
