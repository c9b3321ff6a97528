import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { publicLookup, requireReachableLiteral } from './public-address.ts';
import { isAllowedUrl } from './target-url.ts';

/** A receiver that takes longer should answer first and work afterwards; the function itself ends after 30 s. */
export const answerTimeoutMillis = 15_000;

export interface ReceiverAnswer {
  status: number;
  /** The `Retry-After` header in milliseconds from now. */
  retryAfterMillis?: number;
}

/**
 * Sends a delivery. Redirects are not followed: they are an answer like any other that is not 2xx.
 * @throws {AddressRefused} for an address that is not public
 * @throws {Error} when there is no answer in time
 */
export function postDelivery(
  target: string,
  headers: Record<string, string>,
  body: string,
): Promise<ReceiverAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<ReceiverAnswer>();
  const url = new URL(target);
  if (!isAllowedUrl(target)) throw new Error('the URL is not allowed any more');
  requireReachableLiteral(url);
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const request = send(
    url,
    {
      method: 'POST',
      // A connection of its own, so that every delivery looks its name up.
      agent: false,
      lookup: publicLookup,
      headers: { ...headers, 'content-length': String(Buffer.byteLength(body)) },
      signal: AbortSignal.timeout(answerTimeoutMillis),
    },
    (response) => {
      resolve({
        status: response.statusCode ?? 0,
        ...retryAfter(response.headers['retry-after']),
      });
      // What the receiver says beyond its status is of no use here, and there is no limit to it.
      response.destroy();
    },
  );
  request.on('error', reject);
  request.end(body);
  return promise;
}

/** Seconds or an HTTP date. */
function retryAfter(header: string | undefined): { retryAfterMillis?: number } {
  if (header === undefined) return {};
  const millis = /^\d{1,9}$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isFinite(millis) && millis > 0 ? { retryAfterMillis: millis } : {};
}
