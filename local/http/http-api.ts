import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpOrigin, InvocationResult, LambdaService } from '../types.ts';
import type { AccessFacts } from './access-log.ts';
import { type ApiIdentity, integrationEvent } from './api-event.ts';
import { asRefusal, invocationRefusal, Refusal } from './api-refusal.ts';
import { type ApiRequest, readApiRequest } from './api-request.ts';
import { type ApiResponse, readIntegrationResponse, sendApiResponse } from './api-response.ts';
import { type CorsSettings, corsHeaders, preflightHeaders } from './cors.ts';
import { problem, problemContentType, problemDocument } from './gateway-problem.ts';
import type { LambdaAuthorizer } from './lambda-authorizer.ts';
import { ClientGoneError, readBody } from './request-body.ts';
import { headBytes } from './request-headers.ts';
import type { RouteTable } from './route-table.ts';
import type { Throttle } from './throttle.ts';

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html */
const largestBody = 10 * 1024 * 1024;
const largestHead = 10_240;

export interface ApiIntegration {
  functionArn: string;
  timeoutMilliseconds: number;
}

export interface HttpApiParts {
  identity: ApiIdentity;
  routes: RouteTable;
  integrations: ReadonlyMap<string, ApiIntegration>;
  authorizers: ReadonlyMap<string, LambdaAuthorizer>;
  cors?: CorsSettings;
  throttle?: Throttle;
  lambda: LambdaService;
  /** Called once per request, when its answer is decided. */
  finished(facts: AccessFacts): void;
  log(line: string): void;
}

interface Answer extends ApiResponse {
  facts?: Partial<AccessFacts>;
}

/**
 * An API Gateway HTTP API: routes, authorizers and Lambda integrations of payload format 2.0.
 *
 * Where it differs from the cloud: refusals are problem documents (see `gateway-problem.ts`), and a function that
 * runs out of time is answered with 504, which says what happened; API Gateway answers 500 when the function's own
 * timeout ends it and 503 when the integration's does.
 */
export class HttpApi implements HttpOrigin {
  readonly #parts: HttpApiParts;

  constructor(parts: HttpApiParts) {
    this.#parts = parts;
  }

  handle(message: IncomingMessage, response: ServerResponse): void {
    this.#serve(message, response).catch((error: unknown) => {
      this.#parts.log(`http api: ${error instanceof Error ? error.stack : error}`);
      response.destroy();
    });
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const startedAt = performance.now();
    const request = readApiRequest(message, this.#parts.identity.domainName);
    let answer: Answer;
    try {
      answer = await this.#answer(message, request);
    } catch (error) {
      if (error instanceof ClientGoneError) return;
      answer = this.#refuse(error, request);
    }
    sendApiResponse(response, answer, this.#headersOf(request), message);
    this.#parts.finished({
      request,
      status: answer.status,
      latency: performance.now() - startedAt,
      responseBytes: answer.body.length,
      ...answer.facts,
    });
  }

  async #answer(message: IncomingMessage, request: ApiRequest): Promise<Answer> {
    const { cors, throttle, routes } = this.#parts;
    if (headBytes(message) > largestHead) {
      const detail = `The request line and headers are larger than ${largestHead} bytes`;
      throw new Refusal(problem('payload_too_large', detail, 431));
    }
    const { origin, 'access-control-request-method': preflight } = request.headers;
    if (cors && request.method === 'OPTIONS' && origin && preflight) {
      return { status: 204, headers: preflightHeaders(cors, origin), body: Buffer.alloc(0) };
    }
    if (throttle && !throttle.admits()) {
      const slowDown = { ...problem('rate_limited', 'Too many requests'), headers: { 'retry-after': '1' } };
      throw new Refusal(slowDown);
    }
    request.match = routes.find(request.method, request.path);
    if (!request.match) {
      throw new Refusal(problem('not_found', `No route ${request.method} ${request.path}`));
    }
    const [body] = await Promise.all([readBody(message, largestBody), this.#authorize(request)]);
    return await this.#integrate(request, body);
  }

  async #authorize(request: ApiRequest): Promise<void> {
    const id = request.match?.route.authorizerId;
    if (id === undefined) return;
    const decision = await this.#parts.authorizers
      .get(id)
      ?.decide(request)
      .catch((error: unknown) => {
        throw invocationRefusal(error, { authorizerError: String(error) });
      });
    switch (decision?.outcome) {
      case 'allowed':
        request.authorizerContext = decision.context;
        return;
      case 'missing':
        throw new Refusal(problem('unauthenticated', 'Credentials are missing'), {
          authorizerError: 'Unauthorized',
        });
      case 'denied':
        throw new Refusal(problem('forbidden', 'The authorizer does not let this caller in'), {
          authorizerError: 'Forbidden',
        });
      default:
        throw new Refusal(problem('internal', 'The authorizer failed'), {
          authorizerError: 'The authorizer failed',
        });
    }
  }

  async #integrate(request: ApiRequest, body: Buffer): Promise<Answer> {
    const integration = this.#parts.integrations.get(request.match?.route.integrationId ?? '');
    if (!integration) throw new Refusal(problem('internal', 'The route has no integration'));
    const event = integrationEvent(this.#parts.identity, request, body);
    const startedAt = performance.now();
    const result = await this.#invoke(integration, request, event);
    const integrationLatency = performance.now() - startedAt;
    if (!result || result.error?.kind === 'timeout') {
      throw new Refusal(problem('unavailable', 'The function ran out of time', 504), {
        integrationLatency,
        integrationError: result?.error?.errorMessage ?? 'Endpoint request timed out',
      });
    }
    if (result.error) {
      throw new Refusal(problem('internal', 'The function failed'), {
        integrationLatency,
        integrationError: result.error.errorMessage,
      });
    }
    return { ...readIntegrationResponse(result.payload), facts: { integrationLatency } };
  }

  /** @returns undefined when the integration's own time is over; the function runs on, as in the cloud */
  async #invoke(
    { functionArn, timeoutMilliseconds }: ApiIntegration,
    request: ApiRequest,
    event: object,
  ): Promise<InvocationResult | undefined> {
    const source = {
      service: 'apigateway.amazonaws.com',
      arn: this.routeSourceArn(request.match?.route.routeKey),
    };
    const { promise: timeout, resolve } = Promise.withResolvers<undefined>();
    const timer = setTimeout(resolve, timeoutMilliseconds, undefined);
    const invocation = this.#parts.lambda
      .invoke(functionArn, event, { traceHeader: request.traceHeader, source })
      .catch((error: unknown) => {
        throw invocationRefusal(error, { integrationError: String(error) });
      });
    try {
      return await Promise.race([invocation, timeout]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The ARN by which a function's permission lets a route in. */
  routeSourceArn(routeKey = '$default'): string {
    const { region, accountId, apiId, stage } = this.#parts.identity;
    const route = routeKey.replace(/^(\S+) \//, '$1/');
    return `arn:aws:execute-api:${region}:${accountId}:${apiId}/${stage}/${route}`;
  }

  #refuse(error: unknown, request: ApiRequest): Answer {
    const refusal = asRefusal(error);
    if (!refusal) {
      this.#parts.log(`http api: ${error instanceof Error ? error.stack : error}`);
      return this.#refuse(new Refusal(problem('internal', 'The gateway failed')), request);
    }
    const { problem: answer, facts } = refusal;
    const body = Buffer.from(problemDocument(answer, request.traceId));
    const headers = { 'content-type': problemContentType, 'cache-control': 'no-store', ...answer.headers };
    return { status: answer.status, headers, body, facts };
  }

  #headersOf(request: ApiRequest): Record<string, string> {
    const { cors } = this.#parts;
    return {
      'apigw-requestid': request.requestId,
      ...(cors && corsHeaders(cors, request.headers.origin)),
    };
  }
}
