import { createHash, createHmac } from 'node:crypto';
import type { SigningContext } from './sigv4.ts';

/**
 * AWS Signature Version 4 of any request, by the rules of the API reference. Paths have to be of characters that need
 * no escaping. The requests to DynamoDB, which are many and all alike, have a faster one of their own (sigv4.ts).
 */
export interface SignableRequest {
  method: string;
  /** With the query, if there is one. */
  url: URL;
  /** Sent and signed; `host` comes by itself. Names in lower case. */
  headers: Record<string, string>;
}

/** What stands for the hash of a body that is streamed or protected by TLS; S3 only. */
export const unsignedPayload = 'UNSIGNED-PAYLOAD';

/** The headers to send, `host` left out. @param payloadHash `sha256Hex` of the body, or `unsignedPayload` */
export function signRequest(
  context: SigningContext,
  { method, url, headers }: SignableRequest,
  payloadHash: string,
  at: Date = new Date(),
): Record<string, string> {
  const { date, scope, key } = signingOf(context, at);
  const sent = {
    ...headers,
    'x-amz-date': date,
    ...(context.sessionToken && { 'x-amz-security-token': context.sessionToken }),
  };
  const { signedHeaders, signature } = sign({ method, url, headers: sent }, payloadHash, date, scope, key);
  const credential = `${context.accessKeyId}/${scope}`;
  return {
    ...sent,
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signedHeaders}, Signature=${signature}`,
  };
}

/** The URL with its signature: whoever has it can do this one thing, with just these headers, until it expires. */
export function presignUrl(
  context: SigningContext,
  { method, url, headers }: SignableRequest,
  expiresInSeconds: number,
  at: Date = new Date(),
): string {
  const { date, scope, key } = signingOf(context, at);
  const signed = new URL(url);
  const query = {
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${context.accessKeyId}/${scope}`,
    'X-Amz-Date': date,
    'X-Amz-Expires': String(expiresInSeconds),
    'X-Amz-SignedHeaders': headerNames(headers).join(';'),
    ...(context.sessionToken && { 'X-Amz-Security-Token': context.sessionToken }),
  };
  for (const [name, value] of Object.entries(query)) signed.searchParams.set(name, value);
  const { signature } = sign({ method, url: signed, headers }, unsignedPayload, date, scope, key);
  signed.searchParams.set('X-Amz-Signature', signature);
  return signed.toString();
}

export function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function signingOf({ secretAccessKey, region, service }: SigningContext, at: Date) {
  const date = at.toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  const day = date.slice(0, 8);
  const hmac = (key: string | Buffer, data: string) => createHmac('sha256', key).update(data).digest();
  const key = hmac(hmac(hmac(hmac(`AWS4${secretAccessKey}`, day), region), service), 'aws4_request');
  return { date, key, scope: `${day}/${region}/${service}/aws4_request` };
}

const headerNames = (headers: Record<string, string>) => [...Object.keys(headers), 'host'].sort();

function sign(
  { method, url, headers }: SignableRequest,
  payloadHash: string,
  date: string,
  scope: string,
  key: Buffer,
): { signedHeaders: string; signature: string } {
  const names = headerNames(headers);
  const lines = names.map((name) => `${name}:${(name === 'host' ? url.host : headers[name])?.trim()}\n`);
  const query = [...url.searchParams].map(([name, value]) => `${escaped(name)}=${escaped(value)}`).sort();
  const signedHeaders = names.join(';');
  const canonical = [method, url.pathname, query.join('&'), lines.join(''), signedHeaders, payloadHash];
  const text = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256Hex(canonical.join('\n'))}`;
  return { signedHeaders, signature: createHmac('sha256', key).update(text).digest('hex') };
}

/** RFC 3986, which escapes more than `encodeURIComponent` does. */
function escaped(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
