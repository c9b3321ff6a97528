import type { EdgeRequest, EdgeResponse, EdgeValue } from './edge-function.ts';

/** A request between viewer and origin. */
export interface EdgeMessage {
  method: string;
  path: string;
  /** Without the question mark, encoded. */
  query: string;
  headers: Record<string, string>;
}

export function toEdgeRequest({ method, path, query, headers }: EdgeMessage): EdgeRequest {
  const { cookie, ...rest } = headers;
  return {
    method,
    uri: path,
    querystring: multiple(pairs(query, '&')),
    headers: Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, { value }])),
    cookies: multiple(pairs(cookie ?? '', ';')),
  };
}

/**
 * What the function made of the request. The query keeps its own spelling and order unless it was changed.
 * @param before the event's request as it was given to the function, as JSON of its query
 */
export function fromEdgeRequest(request: EdgeRequest, sent: EdgeMessage, before: string): EdgeMessage {
  const headers = flatten(request.headers, ',');
  const cookie = join(request.cookies, '; ');
  if (cookie) headers.cookie = cookie;
  const unchanged = JSON.stringify(request.querystring) === before;
  const query = unchanged ? sent.query : join(request.querystring, '&');
  return { method: sent.method, path: request.uri, query, headers };
}

/** An answer that the function gave instead of the origin. */
export function readEdgeResponse(response: EdgeResponse) {
  const { body = '', cookies = {} } = response;
  const content =
    typeof body === 'string'
      ? Buffer.from(body)
      : Buffer.from(body.data, body.encoding === 'base64' ? 'base64' : 'utf8');
  const setCookies = Object.entries(cookies).flatMap(([name, { value, multiValue }]) =>
    (multiValue ?? [{ value }]).map((one) => `${name}=${one.value}`),
  );
  return {
    status: response.statusCode,
    headers: {
      ...flatten(response.headers ?? {}, ','),
      ...(setCookies.length > 0 && { 'set-cookie': setCookies }),
    } as Record<string, string | string[]>,
    body: content,
  };
}

function pairs(text: string, separator: string): [name: string, value: string][] {
  return text
    .split(separator)
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '')
    .map((pair) => {
      const mark = pair.indexOf('=');
      return mark < 0 ? [pair, ''] : [pair.slice(0, mark), pair.slice(mark + 1)];
    });
}

function multiple(list: [name: string, value: string][]): Record<string, EdgeValue> {
  const values: Record<string, EdgeValue> = Object.create(null);
  for (const [name, value] of list) {
    const before = values[name];
    if (!before) values[name] = { value };
    else before.multiValue = [...(before.multiValue ?? [{ value: before.value }]), { value }];
  }
  return { ...values };
}

function flatten(values: Record<string, EdgeValue>, separator: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([name, { value, multiValue }]) => [
      name.toLowerCase(),
      multiValue ? multiValue.map((one) => one.value).join(separator) : String(value),
    ]),
  );
}

function join(values: Record<string, EdgeValue>, separator: string): string {
  return Object.entries(values)
    .flatMap(([name, { value, multiValue }]) =>
      (multiValue ?? [{ value }]).map((one) => (one.value === '' ? name : `${name}=${one.value}`)),
    )
    .join(separator);
}
