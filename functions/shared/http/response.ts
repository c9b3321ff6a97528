import { etagOf, matchesNone } from '../etag.ts';
import type { StoredAnswer } from '../idempotency.ts';
import type { RestRequest } from './request.ts';

/** A REST answer before it takes API Gateway's shape. */
export interface RestResponse {
  status: number;
  headers: Record<string, string>;
  /** JSON text, other text, or bytes; absent for 204 and 304. */
  body?: string | Uint8Array;
}

const jsonType = 'application/json; charset=utf-8';

/** An answer with a JSON body. */
export function json(status: number, body: unknown, headers: Record<string, string> = {}): RestResponse {
  return { status, headers: { 'content-type': jsonType, ...headers }, body: JSON.stringify(body) };
}

/** One record with its entity tag. */
export function record(
  status: number,
  body: { version: number },
  headers: Record<string, string> = {},
): RestResponse {
  return json(status, body, { etag: etagOf(body.version), ...headers });
}

/** One record for a GET: 304 without a body when the caller has this version already. */
export function currentRecord(request: RestRequest, body: { version: number }): RestResponse {
  const etag = etagOf(body.version);
  return matchesNone(request.ifNoneMatch, etag) ? { status: 304, headers: { etag } } : record(200, body);
}

/** A GET's view of a record, which may lack its version. */
export function currentView(
  request: RestRequest,
  { version, shown }: { version: number; shown: object },
): RestResponse {
  const headers = { etag: etagOf(version) };
  return matchesNone(request.ifNoneMatch, headers.etag)
    ? { status: 304, headers }
    : json(200, shown, headers);
}

export function noContent(): RestResponse {
  return { status: 204, headers: {} };
}

/** The answer in the form in which it is kept under an idempotency key. */
export function toStored(response: RestResponse): StoredAnswer {
  return { status: response.status, headers: response.headers, body: String(response.body ?? '') };
}

/** A first answer, given again. */
export function replayed(answer: StoredAnswer): RestResponse {
  return {
    status: answer.status,
    headers: { ...answer.headers, 'idempotent-replayed': 'true' },
    ...(answer.body === '' ? {} : { body: answer.body }),
  };
}
