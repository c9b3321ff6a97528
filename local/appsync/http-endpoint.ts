import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import * as z from 'zod';
import { RequestRefused } from './caller.ts';
import type { GraphqlRequest, GraphqlResponse } from './execute-operation.ts';

/** One request of a caller, before authorization. */
export interface IncomingOperation {
  request: GraphqlRequest;
  headers: Record<string, string>;
  sourceIp: string;
}

/** Request and response body, and what a caller waits at most: AppSync's quotas. */
const MAX_BODY_BYTES = 1024 * 1024;
const TIMEOUT_MS = 30_000;

const bodyShape = z.object({
  query: z.string().min(1),
  operationName: z.optional(z.nullable(z.string())),
  variables: z.optional(z.nullable(z.record(z.string(), z.unknown()))),
});

/** AppSync lets every web page call, since no cookie says who it is. */
const preflight = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': 'POST, OPTIONS',
  'access-control-allow-headers': 'authorization, content-type',
  'access-control-max-age': '300',
};

/**
 * Serves `POST /graphql`: GraphQL errors with 200, refusals with their own status, all in AppSync's shape.
 *
 * @param run authorizes and executes; throws {RequestRefused}
 * @param finished gets the status and the milliseconds it took
 */
export function createHttpEndpoint(
  run: (operation: IncomingOperation) => Promise<GraphqlResponse>,
  finished: (status: number, milliseconds: number) => void,
) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (request.method === 'OPTIONS') {
      response.writeHead(200, preflight).end();
      return;
    }
    const started = performance.now();
    const { status, body } = await answerTo(request, run);
    const text = JSON.stringify(body);
    response.writeHead(status, {
      'content-type': 'application/json;charset=UTF-8',
      'content-length': Buffer.byteLength(text),
      'x-amzn-requestid': randomUUID(),
      'access-control-allow-origin': '*',
      ...(body.errors?.[0] && status >= 400 && { 'x-amzn-errortype': String(body.errors[0].errorType) }),
    });
    response.end(text);
    finished(status, performance.now() - started);
  };
}

interface Answer {
  status: number;
  body: { data?: unknown; errors?: readonly { errorType: string | null }[] };
}

async function answerTo(
  request: IncomingMessage,
  run: (operation: IncomingOperation) => Promise<GraphqlResponse>,
): Promise<Answer> {
  try {
    if (request.method !== 'POST') {
      throw new RequestRefused(400, 'BadRequestException', `${request.method} is not supported, use POST.`);
    }
    const operation = {
      request: parseRequest(await readBody(request)),
      headers: flatHeaders(request),
      sourceIp: request.socket.remoteAddress ?? '',
    };
    return { status: 200, body: await withinTime(run(operation)) };
  } catch (error) {
    if (error instanceof RequestRefused) {
      const { status, errorType, message } = error;
      return { status, body: { errors: [{ errorType, message } as { errorType: string }] } };
    }
    const message = error instanceof Error ? error.message : String(error);
    return {
      status: 500,
      body: { errors: [{ errorType: 'InternalFailure', message } as { errorType: string }] },
    };
  }
}

async function withinTime(answer: Promise<GraphqlResponse>): Promise<GraphqlResponse> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<GraphqlResponse>((resolve) => {
    const error = { path: null, data: null, errorInfo: null, locations: null };
    timer = setTimeout(
      () =>
        resolve({
          data: null,
          errors: [{ ...error, errorType: 'ExecutionTimeout', message: 'Execution timed out.' }],
        }),
      TIMEOUT_MS,
    );
  });
  return Promise.race([answer, tooLate]).finally(() => clearTimeout(timer));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (size > MAX_BODY_BYTES) {
    throw new RequestRefused(413, 'RequestEntityTooLargeException', 'The request is larger than 1 MB.');
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseRequest(body: string): GraphqlRequest {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw new RequestRefused(
      400,
      'MalformedHttpRequestException',
      'Request body could not be parsed as JSON.',
    );
  }
  const parsed = bodyShape.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new RequestRefused(
      400,
      'MalformedHttpRequestException',
      `Unable to parse GraphQL query: ${issue?.path.join('.') || 'body'}: ${issue?.message}`,
    );
  }
  const { query, operationName, variables } = parsed.data;
  return { query, operationName: operationName || undefined, variables: variables ?? {} };
}

function flatHeaders(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request.headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  );
}
