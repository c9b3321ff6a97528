import type { Caller } from '../caller.ts';
import type { VersionCondition } from '../etag.ts';
import type { IdempotencyKey } from '../idempotency.ts';

/** A checked REST request, as handlers see it. */
export interface RestRequest<Body = unknown> {
  /** The verified caller; on public routes an empty one that has no rights. */
  caller: Caller;
  /** Correlates logs, history and problems. */
  requestId: string;
  /** Path parameters, decoded. */
  path: Record<string, string>;
  /** Query parameters, each at most once, all known to the route. */
  query: Record<string, string>;
  /** The body, checked against the route's schema; numbers beyond a double are raw numbers. */
  body: Body;
  ifMatch?: VersionCondition;
  ifNoneMatch?: string;
  /** The Authorization header of public routes, which no authorizer has looked at; absent elsewhere. */
  authorization?: string;
  idempotency?: IdempotencyKey;
  /** Milliseconds until Lambda ends this invocation. */
  remainingMillis(): number;
}
