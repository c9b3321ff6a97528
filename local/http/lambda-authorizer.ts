import type { LambdaService } from '../types.ts';
import { type ApiIdentity, authorizerEvent, readQuery } from './api-event.ts';
import type { ApiRequest } from './api-request.ts';

export interface AuthorizerSettings {
  id: string;
  functionArn: string;
  /** `$request.header.Authorization` and the like; all must be there, else 401 without asking the function. */
  identitySources: string[];
  /** 0: every request is asked for. */
  ttlSeconds: number;
}

/** `failed`: the function did not answer as an authorizer should, which HTTP APIs make a 500. */
export type AuthorizerDecision =
  | { outcome: 'allowed'; context: Record<string, unknown> }
  | { outcome: 'denied' | 'missing' | 'failed' };

/** Results are kept for one TTL; this many at most, the oldest go first. */
const cachedResults = 10_000;

/** A Lambda authorizer with simple responses and its result cache, whose key are the identity sources alone. */
export class LambdaAuthorizer {
  hits = 0;
  misses = 0;
  readonly #settings: AuthorizerSettings;
  readonly #api: ApiIdentity;
  readonly #lambda: LambdaService;
  readonly #cache = new Map<string, { expires: number; decision: Promise<AuthorizerDecision> }>();

  constructor(settings: AuthorizerSettings, api: ApiIdentity, lambda: LambdaService) {
    for (const source of settings.identitySources) checkSource(source);
    this.#settings = settings;
    this.#api = api;
    this.#lambda = lambda;
  }

  get functionArn(): string {
    return this.#settings.functionArn;
  }

  /** What the function's permission must name. */
  get sourceArn(): string {
    const { region, accountId, apiId } = this.#api;
    return `arn:aws:execute-api:${region}:${accountId}:${apiId}/authorizers/${this.#settings.id}`;
  }

  async decide(request: ApiRequest): Promise<AuthorizerDecision> {
    const identity: string[] = [];
    for (const source of this.#settings.identitySources) {
      const value = readSource(source, request);
      if (!value) return { outcome: 'missing' };
      identity.push(value);
    }
    if (this.#settings.ttlSeconds === 0 || identity.length === 0) return this.#ask(request, identity);
    const key = identity.join('\n');
    const cached = this.#cache.get(key);
    if (cached && cached.expires > Date.now()) {
      this.hits += 1;
      return cached.decision;
    }
    this.misses += 1;
    return this.#askAndKeep(key, request, identity);
  }

  /** Requests that come while the function is asked wait for the same answer. */
  #askAndKeep(key: string, request: ApiRequest, identity: string[]): Promise<AuthorizerDecision> {
    const decision = this.#ask(request, identity);
    this.#cache.delete(key);
    this.#cache.set(key, { expires: Date.now() + this.#settings.ttlSeconds * 1000, decision });
    for (const oldest of this.#cache.keys()) {
      if (this.#cache.size <= cachedResults) break;
      this.#cache.delete(oldest);
    }
    const forget = () => {
      if (this.#cache.get(key)?.decision === decision) this.#cache.delete(key);
    };
    // A failure is the function's, not the caller's: the next request asks again.
    decision.then(({ outcome }) => outcome === 'failed' && forget(), forget);
    return decision;
  }

  async #ask(request: ApiRequest, identity: string[]): Promise<AuthorizerDecision> {
    const event = authorizerEvent(this.#api, request, identity);
    const source = { service: 'apigateway.amazonaws.com', arn: this.sourceArn };
    const { traceHeader } = request;
    const result = await this.#lambda.invoke(this.#settings.functionArn, event, { source, traceHeader });
    const answer = result.payload as { isAuthorized?: unknown; context?: unknown } | null | undefined;
    if (result.error || typeof answer?.isAuthorized !== 'boolean') return { outcome: 'failed' };
    if (!answer.isAuthorized) return { outcome: 'denied' };
    return { outcome: 'allowed', context: (answer.context ?? {}) as Record<string, unknown> };
  }
}

const sourceForm = /^\$(?:request\.(header|querystring)\.([^\s]+)|context\.(routeKey))$/;

/** @throws {Error} for an identity source that the runtime does not know */
function checkSource(source: string): void {
  if (!sourceForm.test(source)) throw new Error(`identity source ${source} has no local counterpart`);
}

function readSource(source: string, request: ApiRequest): string | undefined {
  const [, kind, name = ''] = sourceForm.exec(source) ?? [];
  if (kind === 'header') return request.headers[name.toLowerCase()];
  if (kind === 'querystring') return readQuery(request.query)?.[name];
  return request.match?.route.routeKey;
}
