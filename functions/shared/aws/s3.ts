import { SignatureV4 } from '@smithy/signature-v4';
import { credentialsFromEnvironment } from '../aws-credentials.ts';
import { env } from '../environment.ts';
import { AwsCallFailed } from './json-call.ts';
import { Sha256 } from './signed-request.ts';

/**
 * The few calls that the service makes to its bucket, without S3's SDK client, which alone is larger than a
 * whole function may be. Keys must be of letters, digits and `/._-`, so that nothing needs escaping.
 */

let signer: SignatureV4 | undefined;

function s3Signer(): SignatureV4 {
  signer ??= new SignatureV4({
    service: 's3',
    region: env('AWS_REGION'),
    credentials: credentialsFromEnvironment,
    sha256: Sha256,
    // S3 alone does not encode the path twice.
    uriEscapePath: false,
  });
  return signer;
}

/** Path-style at an endpoint that is set by the SDK's variables, the bucket's own host otherwise. */
function objectUrl(key: string): URL {
  const bucket = env('BUCKET_FILES');
  const endpoint = process.env.AWS_ENDPOINT_URL_S3 ?? process.env.AWS_ENDPOINT_URL;
  if (endpoint) return new URL(`${endpoint.replace(/\/$/, '')}/${bucket}/${key}`);
  return new URL(`https://${bucket}.s3.${env('AWS_REGION')}.amazonaws.com/${key}`);
}

function toSign(method: string, url: URL, headers: Record<string, string>) {
  return {
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    ...(url.port && { port: Number(url.port) }),
    path: url.pathname,
    query: {},
    headers: { ...headers, host: url.host },
  };
}

/**
 * A URL that lets its holder do one thing without credentials.
 * @param headers must be sent with the request just like this
 */
export async function presignedUrl(
  method: 'GET' | 'PUT',
  key: string,
  expiresInSeconds: number,
  headers: Record<string, string> = {},
): Promise<string> {
  const url = objectUrl(key);
  const signed = await s3Signer().presign(
    {
      ...toSign(method, url, headers),
      headers: { ...headers, host: url.host, 'x-amz-content-sha256': unsigned },
    },
    { expiresIn: expiresInSeconds, unhoistableHeaders: new Set(['x-amz-content-sha256']), unsignableHeaders },
  );
  for (const [name, value] of Object.entries(signed.query ?? {})) url.searchParams.set(name, String(value));
  return url.toString();
}

/** Bodies are streamed or already protected by TLS. */
const unsigned = 'UNSIGNED-PAYLOAD';
/** Tells the signer what to hash in the canonical request; a browser does not send it. */
const unsignableHeaders = new Set(['x-amz-content-sha256']);

async function call(method: string, key: string, body?: string): Promise<Response> {
  const url = objectUrl(key);
  const signed = await s3Signer().sign(toSign(method, url, { 'x-amz-content-sha256': unsigned }));
  const { host: _host, ...headers } = signed.headers;
  return fetch(url, { method, headers, ...(body !== undefined && { body }) });
}

/** Size of an object, or undefined when there is none. S3 says 403 for it to those who may not list. */
export async function headObject(key: string): Promise<{ sizeBytes: number } | undefined> {
  const response = await call('HEAD', key);
  if (response.status === 404 || response.status === 403) return undefined;
  if (!response.ok) throw failure(response, 'HeadObject');
  return { sizeBytes: Number(response.headers.get('content-length') ?? 0) };
}

/** The bytes of an object, or undefined when there is none. */
export async function getObject(key: string): Promise<AsyncIterable<Uint8Array> | undefined> {
  const response = await call('GET', key);
  if (response.status === 404 || response.status === 403) {
    await response.body?.cancel();
    return undefined;
  }
  if (!response.ok || !response.body) throw failure(response, 'GetObject');
  return response.body;
}

/** Writes an object. */
export async function putObject(key: string, body: string, contentType: string): Promise<void> {
  const url = objectUrl(key);
  const headers = { 'content-type': contentType, 'x-amz-content-sha256': unsigned };
  const signed = await s3Signer().sign(toSign('PUT', url, headers));
  const { host: _host, ...sent } = signed.headers;
  const response = await fetch(url, { method: 'PUT', headers: sent, body });
  if (!response.ok) throw failure(response, 'PutObject');
  await response.body?.cancel();
}

function failure(response: Response, operation: string): AwsCallFailed {
  return new AwsCallFailed(
    `S3Http${response.status}`,
    response.status,
    `${operation} answered ${response.status}`,
  );
}
