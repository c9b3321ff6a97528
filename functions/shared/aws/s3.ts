import { SignatureV4 } from '@smithy/signature-v4';
import { credentialsFromEnvironment } from '../aws-credentials.ts';
import { env } from '../environment.ts';
import { configuredEndpoint, regionalHost } from './endpoint.ts';
import { AwsCallFailed } from './json-call.ts';
import { Sha256 } from './signed-request.ts';
import { SilenceTimer } from './silence-timer.ts';

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
  const endpoint = configuredEndpoint('S3');
  if (endpoint) return new URL(`${endpoint.replace(/\/$/, '')}/${bucket}/${key}`);
  return new URL(`https://${regionalHost(`${bucket}.s3`)}/${key}`);
}

function toSign(
  method: string,
  url: URL,
  headers: Record<string, string>,
  query: Record<string, string> = {},
) {
  return {
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    ...(url.port && { port: Number(url.port) }),
    path: url.pathname,
    query,
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

/** Until an answer without a body has come, in milliseconds. */
const answerMillis = 10_000;
/** The same when a whole file has to be sent before, in milliseconds. */
const sendMillis = 30_000;
/** Between two pieces of a file: whole, a large one may take longer than any total, in milliseconds. */
const idleMillis = 10_000;

async function call(
  method: 'GET' | 'HEAD' | 'PUT' | 'POST',
  key: string,
  signal: AbortSignal,
  content?: { body: string; contentType?: string },
  query: Record<string, string> = {},
): Promise<Response> {
  const url = objectUrl(key);
  const own = {
    ...(content?.contentType && { 'content-type': content.contentType }),
    'x-amz-content-sha256': unsigned,
  };
  const signed = await s3Signer().sign(toSign(method, url, own, query));
  const { host: _host, ...headers } = signed.headers;
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return fetch(url, { method, headers, signal, ...(content && { body: content.body }) });
}

/**
 * Size of an object, or undefined when there is none. S3 says 403 for it to those who may not list.
 * @throws {Error} `TimeoutError` when no answer comes in ten seconds
 */
export async function headObject(key: string): Promise<{ sizeBytes: number } | undefined> {
  const response = await call('HEAD', key, AbortSignal.timeout(answerMillis));
  if (response.status === 404 || response.status === 403) return undefined;
  if (!response.ok) throw failure(response, 'HeadObject');
  return { sizeBytes: Number(response.headers.get('content-length') ?? 0) };
}

/**
 * The bytes of an object, or undefined when there is none.
 * @param silenceMillis how long S3 may send nothing, while bytes are wanted, before reading fails
 * @throws {Error} `TimeoutError`, here or while the bytes are read
 */
export async function getObject(
  key: string,
  silenceMillis: number = idleMillis,
): Promise<AsyncIterable<Uint8Array> | undefined> {
  const silence = new SilenceTimer(silenceMillis);
  silence.start();
  try {
    const response = await call('GET', key, silence.signal);
    if (response.status === 404 || response.status === 403) {
      await response.body?.cancel();
      return undefined;
    }
    if (!response.ok || !response.body) throw failure(response, 'GetObject');
    return heard(response.body, silence);
  } finally {
    silence.stop();
  }
}

/** Reads on while pieces come; the time that the reader takes for one does not count. */
async function* heard(
  body: ReadableStream<Uint8Array>,
  silence: SilenceTimer,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = body.getReader();
  try {
    for (;;) {
      silence.start();
      const { done, value } = await reader.read().finally(() => silence.stop());
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** Writes an object. @throws {Error} `TimeoutError` when it takes more than half a minute */
export async function putObject(key: string, body: string, contentType: string): Promise<void> {
  const response = await call('PUT', key, AbortSignal.timeout(sendMillis), { body, contentType });
  if (!response.ok) throw failure(response, 'PutObject');
  await response.body?.cancel();
}

/**
 * One step of a multipart upload: POST with `uploads` begins it, PUT with `partNumber` and `uploadId` sends a part,
 * POST with `uploadId` ends it.
 */
export async function multipartCall(
  method: 'POST' | 'PUT',
  key: string,
  query: Record<string, string>,
  content: { body: string; contentType?: string },
): Promise<{ etag: string | null; text: string }> {
  const response = await call(method, key, AbortSignal.timeout(sendMillis), content, query);
  if (!response.ok) throw failure(response, 'a multipart upload');
  return { etag: response.headers.get('etag'), text: await response.text() };
}

function failure(response: Response, operation: string): AwsCallFailed {
  return new AwsCallFailed(
    `S3Http${response.status}`,
    response.status,
    `${operation} answered ${response.status}`,
  );
}
