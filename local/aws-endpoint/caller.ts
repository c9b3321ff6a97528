import type { IncomingHttpHeaders } from 'node:http';

/** What a SigV4 signature says of its maker. */
export interface Signature {
  accessKeyId: string;
  /** The service of the credential scope, e.g. `dynamodb`, `s3`, `monitoring`. */
  service: string;
  /** Set when the signature stands in the URL: epoch milliseconds at which it ends. */
  expiresAt?: number;
}

const credentialScope = /^([A-Z0-9]+)\/(\d{8})\/([a-z0-9-]+)\/([a-z0-9-]+)\/aws4_request$/;

/** Reads the Authorization header, or the query of a presigned URL; undefined when the request is not signed. */
export function readSignature(headers: IncomingHttpHeaders, url: string): Signature | undefined {
  const header = headers.authorization;
  if (header !== undefined) {
    const credential = /Credential=([^,\s]+)/.exec(header)?.[1];
    return credential === undefined ? undefined : fromScope(credential);
  }
  const start = url.indexOf('?');
  if (start < 0 || !url.includes('X-Amz-Credential=')) return undefined;
  const query = new URLSearchParams(url.slice(start + 1));
  const signature = fromScope(query.get('X-Amz-Credential') ?? '');
  if (signature === undefined) return undefined;
  const seconds = Number(query.get('X-Amz-Expires'));
  return { ...signature, expiresAt: epochOf(query.get('X-Amz-Date') ?? '') + seconds * 1000 };
}

function fromScope(credential: string): Signature | undefined {
  const [, accessKeyId, , , service] = credentialScope.exec(credential) ?? [];
  return accessKeyId === undefined || service === undefined ? undefined : { accessKeyId, service };
}

/** `20260131T235959Z` as epoch milliseconds. */
function epochOf(amzDate: string): number {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(amzDate);
  if (parts === null) return Number.NaN;
  const [, year, month, day, hour, minute, second] = parts.map(Number);
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second);
}
