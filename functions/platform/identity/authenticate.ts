import { isApiKey } from './api-key-token.ts';
import { type Identity, Rejected } from './identity.ts';
import { verifyApiKey } from './verify-api-key.ts';
import { verifyJwt } from './verify-jwt.ts';

/** The longest credential that is looked at; our tokens have about 1 KB. */
const maxLength = 8_192;

/**
 * The one place where it is decided who a caller is.
 * @param authorization the Authorization header: `Bearer <JWT or API key>`, or the credential alone as
 *   AppSync clients send it
 * @throws {Rejected} when there is no good credential, with a reason for the caller
 */
export async function authenticate(authorization: string | undefined): Promise<Identity> {
  const header = authorization?.trim() ?? '';
  // CloudFront fills in `none` where there is no header, since HTTP API asks for one.
  if (header === '' || header === 'none') {
    throw new Rejected('Send a bearer token or an API key in the Authorization header');
  }
  if (header.length > maxLength) throw new Rejected('The credential is too long');
  const [, token] = /^(?:bearer\s+)?(\S+)$/i.exec(header) ?? [];
  if (!token) throw new Rejected('The Authorization header must be: Bearer <token or API key>');
  return isApiKey(token) ? verifyApiKey(token) : verifyJwt(token);
}
