import { currentCredentials } from '../aws-credentials.ts';
import { env } from '../environment.ts';
import { configuredEndpoint, regionalHost } from './endpoint.ts';
import { AwsCallFailed } from './json-call.ts';
import { presignUrl, signRequest, unsignedPayload } from './sign-request.ts';
import { SilenceTimer } from './silence-timer.ts';

/**
 * The few calls that the service makes to its bucket, without S3's SDK client, which alone is larger than a
 * whole function may be. Keys must be of letters, digits and `/._-`, so that nothing needs escaping.
 */

const signing = () => ({ ...currentCredentials(), region: env('AWS_REGION'), service: 's3' });

/** Path-style at an endpoint that is set by the SDK's variables, the bucket's own host otherwise. */
function objectUrl(key: string): URL {
  const bucket = env('BUCKET_FILES');
  const endpoint = configuredEndpoint('S3');
  if (endpoint) return new URL(`${endpoint.replace(/\/$/, '')}/${bucket}/${key}`);
  return new URL(`https://${regionalHost(`${bucket}.s3`)}/${key}`);
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
  return presignUrl(signing(), { method, url: objectUrl(key), headers }, expiresInSeconds);
}

/** Until an answer without a body has come, in milliseconds. */
const answerMillis = 10_000;
/** The same when a whole file has to be sent before, in milliseconds. */
const sendMillis = 30_000;
/** Between two pieces of a file: whole, a large one may take longer than any total, in milliseconds. */
const idleMillis = 10_000;

async function call(
  method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE',
  key: string,
  signal: AbortSignal,
  content?: { body: string; contentType?: string },
  query: Record<string, string> = {},
): Promise<Response> {
  const url = objectUrl(key);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  const own = {
    ...(content?.contentType && { 'content-type': content.contentType }),
    // Bodies are streamed or already protected by TLS.
    'x-amz-content-sha256': unsignedPayload,
  };
  const headers = signRequest(signing(), { method, url, headers: own }, unsignedPayload);
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

/** Deletes an object; nothing happens when there is none. @throws {Error} `TimeoutError` after ten seconds */
export async function deleteObject(key: string): Promise<void> {
  const response = await call('DELETE', key, AbortSignal.timeout(answerMillis));
  if (!response.ok && response.status !== 404) throw failure(response, 'DeleteObject');
  await response.body?.cancel();
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

/** A small object as text, or undefined when there is none. */
export async function readText(key: string): Promise<string | undefined> {
  const bytes = await getObject(key);
  if (!bytes) return undefined;
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
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
