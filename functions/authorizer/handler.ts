import type {
  APIGatewayRequestAuthorizerEventV2,
  APIGatewaySimpleAuthorizerWithContextResult,
  AppSyncAuthorizerEvent,
  AppSyncAuthorizerResult,
} from 'aws-lambda';
import { authenticate } from '../platform/identity/authenticate.ts';
import { type Identity, Rejected } from '../platform/identity/identity.ts';
import { log } from '../shared/logger.ts';

/** Flat strings, as both gateways hand them on. */
type AuthorizerContext = Record<string, string>;
type RestAnswer = APIGatewaySimpleAuthorizerWithContextResult<AuthorizerContext>;
type GraphqlAnswer = AppSyncAuthorizerResult<AuthorizerContext>;

/** How long AppSync may keep an answer, in seconds; never beyond the token's own end. */
const cacheSeconds = 60;

/**
 * Decides for both APIs who the caller is. REST requests always go through, with the verdict in the
 * context, because HTTP API can answer a refusal of its own only in its own shape and not as a problem.
 * @throws when it cannot be decided, e.g. the issuer does not answer: the gateway then says 500, uncached
 */
export async function handler(
  event: APIGatewayRequestAuthorizerEventV2 | AppSyncAuthorizerEvent,
): Promise<RestAnswer | GraphqlAnswer> {
  const isGraphql = 'authorizationToken' in event;
  const header = isGraphql ? event.authorizationToken : event.headers?.authorization;
  try {
    const identity = await authenticate(header);
    return isGraphql
      ? { isAuthorized: true, resolverContext: contextOf(identity), ttlOverride: secondsToKeep(identity) }
      : { isAuthorized: true, context: contextOf(identity) };
  } catch (error) {
    if (error instanceof Rejected) {
      return isGraphql
        ? { isAuthorized: false, ttlOverride: 0 }
        : { isAuthorized: true, context: { authenticated: 'false', reason: error.message } };
    }
    log().error('cannot decide who the caller is', { error: error as Error });
    throw error;
  }
}

/** `expiresAt` goes along because HTTP API keeps a verdict for a minute, whatever the credential says of its end. */
function contextOf({ caller, expiresAt }: Identity): AuthorizerContext {
  const { tenantId, subject, role, keyId, taskTypes } = caller;
  return {
    authenticated: 'true',
    tenantId,
    subject,
    role,
    ...(keyId ? { keyId } : {}),
    ...(taskTypes ? { taskTypes: taskTypes.join(',') } : {}),
    ...(expiresAt === undefined ? {} : { expiresAt: String(expiresAt) }),
  };
}

function secondsToKeep({ expiresAt }: Identity): number {
  const left = expiresAt === undefined ? cacheSeconds : expiresAt - Math.floor(Date.now() / 1_000);
  return Math.max(0, Math.min(cacheSeconds, left));
}
