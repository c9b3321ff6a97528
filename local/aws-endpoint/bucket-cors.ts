import type { IncomingMessage, ServerResponse } from 'node:http';

/** A rule of a bucket's CorsConfiguration, as CloudFormation spells it. */
export interface CorsRule {
  AllowedMethods: string[];
  AllowedOrigins: string[];
  AllowedHeaders?: string[];
  ExposedHeaders?: string[];
  MaxAge?: number;
}

/** Bucket name → its rules: browsers use presigned URLs, and fauxqs knows no CORS. */
export type BucketCors = ReadonlyMap<string, CorsRule[]>;

/**
 * Sets the CORS headers that S3 would answer a browser with, and answers its preflight requests.
 * @returns true when the request was a preflight and is answered
 */
export function applyBucketCors(
  cors: BucketCors,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const { origin } = request.headers;
  const isPreflight = request.method === 'OPTIONS';
  const method = isPreflight ? String(request.headers['access-control-request-method']) : request.method;
  const bucket = request.url?.split(/[/?]/)[1] ?? '';
  const rule = cors
    .get(bucket)
    ?.find(
      ({ AllowedMethods, AllowedOrigins }) =>
        AllowedMethods.includes(method ?? '') &&
        AllowedOrigins.some((allowed) => allowed === '*' || allowed === origin),
    );
  if (origin !== undefined && rule !== undefined) {
    response.setHeader('access-control-allow-origin', rule.AllowedOrigins.includes('*') ? '*' : origin);
    response.setHeader('access-control-expose-headers', rule.ExposedHeaders?.join(', ') ?? '');
    if (isPreflight) {
      const asked = request.headers['access-control-request-headers'];
      response.setHeader('access-control-allow-methods', rule.AllowedMethods.join(', '));
      if (asked !== undefined) response.setHeader('access-control-allow-headers', asked);
      if (rule.MaxAge !== undefined) response.setHeader('access-control-max-age', rule.MaxAge);
    }
  }
  if (isPreflight) response.writeHead(rule === undefined ? 403 : 200).end();
  return isPreflight;
}
