import { createHmac, randomBytes } from 'node:crypto';

/** Standard Webhooks: the secret is base64 after its prefix, 24 to 64 bytes. */
const prefix = 'whsec_';

export function newSigningSecret(): string {
  return `${prefix}${randomBytes(32).toString('base64')}`;
}

/**
 * The `webhook-signature` header: HMAC-SHA256 over `id.timestamp.body`.
 * @param timestamp epoch seconds, as in the `webhook-timestamp` header
 */
export function signDelivery(secret: string, id: string, timestamp: number, body: string): string {
  const key = Buffer.from(secret.slice(prefix.length), 'base64');
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}
