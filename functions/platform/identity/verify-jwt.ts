import { createRemoteJWKSet, errors, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { env } from '../../shared/environment.ts';
import { type Role, roles } from '../../shared/route.ts';
import { type Identity, isTenantId, Rejected } from './identity.ts';

/** How far the issuer's clock may be from ours, in seconds. */
const clockTolerance = 5;
/** The authorizer ends after 5 s; a slow issuer must not use them up. */
const fetchTimeoutMillis = 2_500;
/** Subjects become part of records, so they stay short. Cognito's are UUIDs. */
const maxSubjectLength = 128;

let keys: JWTVerifyGetKey | undefined;

/** The issuer's keys, fetched once and again when a token names a key that is not among them. */
function issuerKeys(): JWTVerifyGetKey {
  keys ??= createRemoteJWKSet(new URL(`${env('JWT_ISSUER')}/.well-known/jwks.json`), {
    timeoutDuration: fetchTimeoutMillis,
  });
  return keys;
}

/**
 * The caller behind a token of our issuer.
 * @throws {Rejected} when the token is not good
 * @throws when the issuer's keys cannot be had: that says nothing about the token
 */
export async function verifyJwt(token: string): Promise<Identity> {
  const payload = await verifiedPayload(token);
  // Cognito puts attributes of our own under `custom:`.
  const tenantId = payload.tenantId ?? payload['custom:tenantId'];
  const role = payload.role ?? payload['custom:role'];
  const { sub, exp } = payload;
  if (typeof sub !== 'string' || sub === '' || sub.length > maxSubjectLength) {
    throw new Rejected('The token names no subject');
  }
  if (!isTenantId(tenantId)) throw new Rejected('The token names no tenant');
  // `worker` is for API keys only: it is no role of a person.
  if (!roles.includes(role as Role) || role === 'worker') throw new Rejected('The token names no known role');
  return { caller: { tenantId, subject: sub, role: role as Role }, ...(exp ? { expiresAt: exp } : {}) };
}

async function verifiedPayload(token: string): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, issuerKeys(), {
      issuer: env('JWT_ISSUER'),
      audience: env('JWT_AUDIENCE'),
      algorithms: ['RS256'],
      requiredClaims: ['exp'],
      clockTolerance,
    });
    return payload;
  } catch (error) {
    const reason = rejection(error);
    if (reason) throw new Rejected(reason);
    throw error;
  }
}

function rejection(error: unknown): string | undefined {
  if (error instanceof errors.JWTExpired) return 'The token has expired';
  if (error instanceof errors.JWTClaimValidationFailed) {
    return 'The token was not issued for this service, or not yet valid';
  }
  if (
    error instanceof errors.JWSSignatureVerificationFailed ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSEAlgNotAllowed
  ) {
    return 'The signature of the token does not verify';
  }
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid)
    return 'The token is malformed';
  return undefined;
}
