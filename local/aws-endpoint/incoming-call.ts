import type { IncomingMessage } from 'node:http';
import type { FunctionCredentials, Principal } from '../types.ts';
import { readSignature } from './caller.ts';
import { type EndpointService, jsonOperation, queryOperation, s3Operation, serviceOf } from './operation.ts';
import { readBody } from './read-body.ts';

/** A call of a function: who, what, and since when. */
export interface IncomingCall {
  service: EndpointService;
  operation: string;
  principal: Principal;
  /** The parsed body; empty for S3, whose bodies are not read here. */
  input: Record<string, unknown>;
  body: Buffer;
  /** `performance.now()` at arrival. */
  startedAt: number;
  /** Path and query as they came. */
  url: string;
  /** `Root=…` of the caller's X-Ray header. */
  traceId?: string;
}

/** Why a request is not one, in the terms of the service it is for. */
export interface RefusedCall {
  refused: { service: string; status: number; code: string; message: string };
}

/** Finds out who calls what; reads the body of all but S3 requests. */
export async function readCall(
  request: IncomingMessage,
  credentials: FunctionCredentials,
): Promise<IncomingCall | RefusedCall> {
  const startedAt = performance.now();
  const url = request.url ?? '/';
  const signature = readSignature(request.headers, url);
  if (signature === undefined) return refuse('s3', 403, 'AccessDenied', 'The request is not signed.');
  const service = serviceOf(signature.service, request.headers);
  if (service === undefined) {
    const message = `The local AWS endpoint has no service "${signature.service}".`;
    return refuse(signature.service, 400, 'UnknownService', message);
  }
  const principal = credentials.principalOf(signature.accessKeyId);
  if (principal === undefined) {
    return refuse(service, 403, 'UnrecognizedClientException', 'The access key is not one of this run.');
  }
  if (signature.expiresAt !== undefined && !(signature.expiresAt > Date.now())) {
    return refuse(service, 403, 'AccessDenied', 'Request has expired');
  }
  const body = service === 's3' ? Buffer.alloc(0) : await readBody(request);
  if (body === undefined) return refuse(service, 413, 'RequestEntityTooLarge', 'The request is too large.');
  return {
    service,
    operation: operationOf(service, request, body),
    principal,
    input: parseInput(service, body),
    body,
    startedAt,
    url,
    traceId: /Root=[^;]+/.exec(String(request.headers['x-amzn-trace-id'] ?? ''))?.[0],
  };
}

function refuse(service: string, status: number, code: string, message: string): RefusedCall {
  return { refused: { service, status, code, message } };
}

function operationOf(service: EndpointService, request: IncomingMessage, body: Buffer): string {
  if (service === 's3') return s3Operation(request.method ?? 'GET', request.url ?? '/');
  if (service === 'sns') return queryOperation(body.toString());
  return jsonOperation(request.headers);
}

/** The backend judges a body that is not JSON; here it only means: nothing is known of it. */
function parseInput(service: EndpointService, body: Buffer): Record<string, unknown> {
  if (body.length === 0) return {};
  if (service === 'sns') return Object.fromEntries(new URLSearchParams(body.toString()));
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
