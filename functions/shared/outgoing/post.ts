import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { publicLookup, requireReachableLiteral } from './public-address.ts';
import { isAllowedUrl } from './target-url.ts';

export interface PostLimits {
  /** For the whole of it, from the look-up of the name to the last byte that is read. */
  timeoutMillis: number;
  /** How much of the answer's body is wanted; 0 reads none of it. */
  maxBodyBytes: number;
}

export interface ReceiverAnswer {
  status: number;
  /** The `Retry-After` header in milliseconds from now. */
  retryAfterMillis?: number;
  contentType?: string;
  /** Absent when the body is as it was meant, not compressed. */
  contentEncoding?: string;
  /** At most `maxBodyBytes` of it. */
  body: Buffer;
  /** There was more. */
  truncated: boolean;
}

/**
 * Posts to an address that a tenant has given. Redirects are not followed: they are an answer like any other
 * that is not 2xx, since each could lead where nothing may be sent.
 * @throws {AddressRefused} for an address that is not public
 * @throws {Error} when there is no answer in time
 */
export function post(
  target: string,
  headers: Record<string, string>,
  body: string,
  { timeoutMillis, maxBodyBytes }: PostLimits,
): Promise<ReceiverAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<ReceiverAnswer>();
  const url = new URL(target);
  if (!isAllowedUrl(target)) throw new Error('the URL is not allowed any more');
  requireReachableLiteral(url);
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const signal = AbortSignal.timeout(timeoutMillis);
  // In the middle of an answer a timeout looks like a connection that broke.
  const fail = (error: unknown) => reject(signal.aborted ? signal.reason : error);
  const request = send(
    url,
    {
      method: 'POST',
      // A connection of its own, so that every call looks its name up.
      agent: false,
      lookup: publicLookup,
      headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
      signal,
    },
    (response) => {
      beginning(response, maxBodyBytes).then(
        (read) =>
          resolve({
            status: response.statusCode ?? 0,
            contentType: response.headers['content-type'],
            ...encoding(response.headers['content-encoding']),
            ...retryAfter(response.headers['retry-after']),
            ...read,
          }),
        fail,
      );
    },
  );
  request.on('error', fail);
  request.end(body);
  return promise;
}

/** Reads up to a limit and drops the rest, and the connection with it. */
async function beginning(
  response: IncomingMessage,
  maxBytes: number,
): Promise<{ body: Buffer; truncated: boolean }> {
  const chunks: Buffer[] = [];
  let size = 0;
  if (maxBytes > 0) {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > maxBytes) break;
    }
  }
  response.destroy();
  return { body: Buffer.concat(chunks).subarray(0, maxBytes), truncated: size > maxBytes };
}

function encoding(header = ''): { contentEncoding?: string } {
  return /^(?:identity)?$/i.test(header.trim()) ? {} : { contentEncoding: header };
}

/** A hundred years: whoever asks for more is understood, and a date can still hold it. */
const longestWait = 100 * 365 * 86_400_000;

/** Seconds or an HTTP date. @returns at most a hundred years */
export function retryAfter(header: string | undefined): { retryAfterMillis?: number } {
  if (header === undefined) return {};
  const millis = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return millis > 0 ? { retryAfterMillis: Math.min(millis, longestWait) } : {};
}

/** A short word for the tenant: what went wrong on the way, nothing of ours. */
export function nameOfFailure(error: unknown): string {
  const { name, code } = error as { name?: string; code?: string };
  if (name === 'TimeoutError' || code === 'ABORT_ERR') return 'timeout';
  return code ? code.toLowerCase() : 'connection_failed';
}
