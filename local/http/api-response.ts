import type { IncomingMessage, ServerResponse } from 'node:http';
import { isConnectionHeader } from './request-headers.ts';

/** What goes to the client. */
export interface ApiResponse {
  status: number;
  /** Lower-case names; several cookies are a list. */
  headers: Record<string, string | string[]>;
  body: Buffer;
}

/** The function's answer is none that API Gateway could send. */
export class BadIntegrationResponseError extends Error {
  override readonly name = 'BadIntegrationResponseError';
}

/**
 * Reads a function's answer in payload format 2.0. Without a `statusCode` the whole answer is the body, as JSON.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 * @throws {BadIntegrationResponseError} for a status, header or body of the wrong type
 */
export function readIntegrationResponse(answer: unknown): ApiResponse {
  if (answer === null || typeof answer !== 'object' || !('statusCode' in answer)) {
    const body = typeof answer === 'string' ? answer : JSON.stringify(answer ?? null);
    return { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from(body) };
  }
  const { statusCode, headers, cookies, body, isBase64Encoded } = answer as Record<string, unknown>;
  const status = Number(statusCode);
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new BadIntegrationResponseError(`statusCode is ${JSON.stringify(statusCode)}`);
  }
  if (body !== undefined && body !== null && typeof body !== 'string') {
    throw new BadIntegrationResponseError(`body is of type ${typeof body}, not a string`);
  }
  const content = Buffer.from(body ?? '', isBase64Encoded === true ? 'base64' : 'utf8');
  return { status, headers: readHeaders(headers, cookies, content.length > 0), body: content };
}

function readHeaders(headers: unknown, cookies: unknown, hasBody: boolean): ApiResponse['headers'] {
  const read: ApiResponse['headers'] = {};
  for (const [name, value] of Object.entries((headers ?? {}) as Record<string, unknown>)) {
    const key = name.toLowerCase();
    if (value === null || value === undefined || isConnectionHeader(key) || key === 'content-length')
      continue;
    if (typeof value === 'object') throw new BadIntegrationResponseError(`header ${name} is not a string`);
    read[key] = String(value);
  }
  if (hasBody) read['content-type'] ??= 'text/plain;charset=UTF-8';
  if (cookies === undefined || cookies === null) return read;
  if (!Array.isArray(cookies)) throw new BadIntegrationResponseError('cookies is not a list');
  if (cookies.length > 0) read['set-cookie'] = cookies.map(String);
  return read;
}

/** @param added headers that the gateway puts over those of the function */
export function sendApiResponse(
  response: ServerResponse,
  { status, headers, body }: ApiResponse,
  added: Record<string, string>,
  message: IncomingMessage,
): void {
  if (response.destroyed) return;
  const all: Record<string, string | string[] | number> = { ...headers, ...added };
  if (status !== 204 && status !== 304) all['content-length'] = body.length;
  // What is left of a body that was refused must not be taken for the next request.
  if (!message.complete) all.connection = 'close';
  try {
    response.writeHead(status, all);
  } catch {
    // A header that HTTP does not allow, for example with a line end in it.
    response.writeHead(500, added).end();
    return;
  }
  response.end(body);
}
