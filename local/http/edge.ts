import { randomUUID } from 'node:crypto';
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { HttpOrigin, OriginRegistry } from '../types.ts';
import type { Distribution, EdgeBehavior } from './distribution.ts';
import { type EdgeMessage, fromEdgeRequest, readEdgeResponse, toEdgeRequest } from './edge-event.ts';
import type { EdgeEvent, EdgeRequest, EdgeResponse } from './edge-function.ts';
import { forwardHeaders, forwardQuery } from './edge-policies.ts';
import { problem, sendProblem } from './gateway-problem.ts';
import { splitTarget } from './url-decoding.ts';

export interface EdgeDependencies {
  distribution: Distribution;
  /** The host that viewers see. */
  domainName: string;
  origins: OriginRegistry;
  log(line: string): void;
}

/**
 * CloudFront in front of the origins: behaviours by path, functions, forwarding by policy. Nothing is cached here,
 * so that an edit shows at once; a cache would only hide it.
 */
export class Edge implements HttpOrigin {
  readonly #dependencies: EdgeDependencies;

  constructor(dependencies: EdgeDependencies) {
    this.#dependencies = dependencies;
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    const requestId = randomUUID();
    this.#serve(request, response, requestId).catch((error: unknown) => {
      this.#dependencies.log(`edge: ${error instanceof Error ? error.stack : error}`);
      sendProblem(response, problem('unavailable', 'A function of the edge failed'), requestId);
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse, requestId: string): Promise<void> {
    const { path, query } = splitTarget(request.url ?? '/');
    const method = request.method ?? 'GET';
    const behavior = this.#dependencies.distribution.behaviors.find(({ matches }) => matches(path));
    if (!behavior?.allowedMethods.has(method)) {
      sendProblem(response, problem('forbidden', `${method} is not allowed here`), requestId);
      return;
    }
    const headers = request.headers as Record<string, string>;
    if ((method === 'GET' || method === 'HEAD') && hasBody(request)) {
      sendProblem(response, problem('forbidden', `${method} takes no body`), requestId);
      return;
    }
    const viewer = request.socket.remoteAddress ?? '';
    let message: EdgeMessage = { method, path, query, headers };
    if (behavior.viewerRequest || behavior.viewerResponse) {
      const event = this.#event('viewer-request', requestId, viewer, toEdgeRequest(message));
      const made = await this.#onRequest(behavior, event, message);
      if ('status' in made) {
        response.writeHead(made.status, { ...made.headers, 'content-length': made.body.length });
        response.end(made.body);
        return;
      }
      message = made;
      if (behavior.viewerResponse) this.#onResponse(behavior.viewerResponse, event, response);
    }
    this.#forward(behavior, message, request, response, { requestId, viewer });
  }

  #event(
    eventType: EdgeEvent['context']['eventType'],
    requestId: string,
    ip: string,
    request: EdgeRequest,
  ): EdgeEvent {
    const { distribution, domainName } = this.#dependencies;
    const context = {
      distributionDomainName: domainName,
      distributionId: distribution.id,
      eventType,
      requestId,
    };
    return { version: '1.0', context, viewer: { ip }, request };
  }

  async #onRequest({ viewerRequest }: EdgeBehavior, event: EdgeEvent, message: EdgeMessage) {
    if (!viewerRequest) return message;
    const before = JSON.stringify(event.request.querystring);
    const made = (await viewerRequest(event)) as EdgeRequest | EdgeResponse | null;
    if (made && 'statusCode' in made) return readEdgeResponse(made);
    if (!made?.uri || !made.headers) throw new Error('the viewer-request function returned no request');
    return fromEdgeRequest(made, message, before);
  }

  /** The function sees status and headers when the origin writes them; it may not be asynchronous here. */
  #onResponse(
    run: NonNullable<EdgeBehavior['viewerResponse']>,
    { context, viewer, request }: EdgeEvent,
    response: ServerResponse,
  ): void {
    const write = response.writeHead.bind(response) as (status: number, headers: object) => ServerResponse;
    response.writeHead = ((status: number, ...rest: unknown[]) => {
      const given = (rest.at(-1) ?? {}) as OutgoingHttpHeaders;
      const headers = Object.fromEntries(
        Object.entries(given).map(([name, value]) => [name.toLowerCase(), { value: String(value) }]),
      );
      const made = run({
        version: '1.0',
        context: { ...context, eventType: 'viewer-response' },
        viewer,
        request,
        response: { statusCode: status, headers },
      }) as EdgeResponse;
      const changed = readEdgeResponse({ ...made, body: '' });
      return write(changed.status, changed.headers);
    }) as ServerResponse['writeHead'];
  }

  #forward(
    { originHost, originPath, policies }: EdgeBehavior,
    message: EdgeMessage,
    request: IncomingMessage,
    response: ServerResponse,
    { requestId, viewer }: { requestId: string; viewer: string },
  ): void {
    const origin = this.#dependencies.origins.find(originHost);
    if (!origin) {
      sendProblem(response, problem('unavailable', `The origin ${originHost} is not there`, 502), requestId);
      return;
    }
    const query = forwardQuery(message.query, policies);
    const forwardedFor = message.headers['x-forwarded-for'];
    request.url = `${originPath}${message.path}${query ? `?${query}` : ''}`;
    request.headers = {
      ...forwardHeaders(message.headers, policies),
      host: originHost,
      via: `1.1 ${this.#dependencies.distribution.id}.cloudfront.net (CloudFront)`,
      'x-amz-cf-id': requestId,
      'x-forwarded-for': forwardedFor ? `${forwardedFor}, ${viewer}` : viewer,
    };
    origin.handle(request, response);
  }
}

/** CloudFront answers 403 to a GET with a body. */
function hasBody(request: IncomingMessage): boolean {
  return (
    Number(request.headers['content-length'] ?? 0) > 0 ||
    /transfer-encoding/i.test(request.rawHeaders.join(' '))
  );
}
