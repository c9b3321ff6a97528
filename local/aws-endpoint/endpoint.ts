import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { handleCloudWatchRequest } from '../cloudwatch/json-protocol.ts';
import type { Backends } from '../data-services/backends.ts';
import { findFreePort } from '../data-services/free-port.ts';
import {
  AwsError,
  type CloudWatchApi,
  type FunctionCredentials,
  type MetricSink,
  type Principal,
  type Service,
} from '../types.ts';
import { type ArnScope, accessRequests } from './access-requests.ts';
import { authorize } from './authorize.ts';
import { applyBucketCors, type BucketCors } from './bucket-cors.ts';
import { type CallLog, createCallLog } from './call-log.ts';
import { resourcesOf } from './call-resources.ts';
import { readSignature } from './caller.ts';
import { askForCapacity, readCapacity } from './consumed-capacity.ts';
import { forwardBuffered, forwardStream } from './forward.ts';
import type { MessageMoveTasks } from './message-move-tasks.ts';
import { type EndpointService, jsonOperation, queryOperation, s3Operation, serviceOf } from './operation.ts';
import { replyError, replyJson } from './reply.ts';
import { isWrite, putDynamoDbMetrics } from './service-metrics.ts';

/** DynamoDB takes at most 16 MB, SQS a little over 1 MB. */
const maxBodyBytes = 17 * 1024 * 1024;

export interface EndpointDependencies {
  backends: Backends;
  credentials: FunctionCredentials;
  cloudWatch: CloudWatchApi;
  metrics: MetricSink;
  /** Absent when SQS is somebody else's, who then has these operations. */
  moveTasks?: MessageMoveTasks;
  /** Browsers' rights to the buckets. */
  cors: BucketCors;
  scope: ArnScope;
  /** Told of each table that a call may have written to, once the call is answered: stream pollers wait for it. */
  onWrite?(tableName: string): void;
}

/** The one address that all functions call as AWS. */
export interface AwsEndpoint extends Service {
  /** `http://127.0.0.1:<port>` */
  url: string;
  calls: CallLog;
  stop(): Promise<void>;
}

/** A call on its way through: who, what, and since when. */
interface Call {
  service: EndpointService;
  operation: string;
  principal: Principal;
  input: Record<string, unknown>;
  startedAt: number;
  request: IncomingMessage;
  response: ServerResponse;
}

/**
 * Recognises the caller, asks `authorize`, forwards to the service and notes what it cost.
 * `GET /_calls?since=<seq>` shows the noted calls (this machine only, like everything here).
 * @param preferredPort the port of the last run, so that presigned URLs outlive a restart
 */
export async function startAwsEndpoint(
  needs: EndpointDependencies,
  preferredPort?: number,
): Promise<AwsEndpoint> {
  const calls = createCallLog();
  const server = createServer({ keepAliveTimeout: 120_000, noDelay: true }, (request, response) => {
    answer(request, response).catch((error: Error) => {
      if (response.headersSent) response.destroy();
      else replyError(response, 'endpoint', 500, 'InternalFailure', error.message);
    });
  });
  const port = await findFreePort(preferredPort);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const startedAt = performance.now();
    const url = request.url ?? '/';
    if (url.startsWith('/_calls')) {
      const since = Number(new URL(url, 'http://localhost').searchParams.get('since') ?? 0);
      return replyJson(response, 200, calls.since(since));
    }
    if (applyBucketCors(needs.cors, request, response)) return;

    const signature = readSignature(request.headers, url);
    if (signature === undefined) {
      return replyError(response, 's3', 403, 'AccessDenied', 'The request is not signed.');
    }
    const service = serviceOf(signature.service, request.headers);
    if (service === undefined) {
      const message = `The local AWS endpoint has no service "${signature.service}".`;
      return replyError(response, signature.service, 400, 'UnknownService', message);
    }
    const principal = needs.credentials.principalOf(signature.accessKeyId);
    if (principal === undefined) {
      const message = 'The access key is not one of this run.';
      return replyError(response, service, 403, 'UnrecognizedClientException', message);
    }
    if (signature.expiresAt !== undefined && !(signature.expiresAt > Date.now())) {
      return replyError(response, service, 403, 'AccessDenied', 'Request has expired');
    }

    const isS3 = service === 's3';
    const body = isS3 ? Buffer.alloc(0) : await readBody(request);
    if (body === undefined) {
      return replyError(response, service, 413, 'RequestEntityTooLarge', 'The request is too large.');
    }
    const input = parseInput(service, body);
    const operation = isS3
      ? s3Operation(request.method ?? 'GET', url)
      : service === 'sns'
        ? queryOperation(body.toString())
        : jsonOperation(request.headers);
    const call: Call = { service, operation, principal, input, startedAt, request, response };

    for (const wanted of accessRequests(service, operation, input, url, needs.scope)) {
      const decision = authorize({ principal, ...wanted });
      if (!decision.allowed) {
        note(call, 403, 'AccessDeniedException');
        return replyError(response, service, 403, 'AccessDeniedException', decision.reason);
      }
    }
    if (isS3) {
      response.once('close', () => note(call, response.statusCode));
      return forwardStream(needs.backends, service, request, response);
    }
    if (service === 'cloudwatch') {
      const answer = await handleCloudWatchRequest(needs.cloudWatch, { headers: request.headers, body });
      response.writeHead(answer.status, answer.headers);
      response.end(answer.body);
      return note(call, answer.status, errorCodeOf(answer.status, Buffer.from(answer.body)));
    }
    if (service === 'sqs' && needs.moveTasks?.handles(operation)) return moveMessages(call, needs.moveTasks);
    return forward(call, service, body);
  }

  async function forward(
    call: Call,
    service: Exclude<EndpointService, 'cloudwatch'>,
    body: Buffer,
  ): Promise<void> {
    const { operation, input, request, response } = call;
    const asked = service === 'dynamodb' ? askForCapacity(operation, input, body) : body;
    const result = await forwardBuffered(needs.backends, service, request, asked);
    if (result === undefined) {
      note(call, 503, 'ServiceUnavailable');
      return replyError(
        response,
        service,
        503,
        'ServiceUnavailable',
        `${service} does not answer right now.`,
      );
    }
    response.writeHead(result.status, result.headers);
    response.end(result.body);
    note(
      call,
      result.status,
      errorCodeOf(result.status, result.body),
      service === 'dynamodb' ? readCapacity(result.body) : [],
    );
  }

  async function moveMessages(call: Call, tasks: MessageMoveTasks): Promise<void> {
    try {
      replyJson(call.response, 200, await tasks.call(call.operation, call.input));
      note(call, 200);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      replyError(call.response, call.service, error.status, error.code, error.message);
      note(call, error.status, error.code);
    }
  }

  function note(
    call: Call,
    status: number,
    errorCode?: string,
    capacity: ReturnType<typeof readCapacity> = [],
  ): void {
    const { service, operation, principal, input, startedAt, request } = call;
    const durationMs = performance.now() - startedAt;
    const resources = resourcesOf(service, input, request.url ?? '/');
    const index = typeof input.IndexName === 'string' ? input.IndexName : undefined;
    const traceId = /Root=[^;]+/.exec(String(request.headers['x-amzn-trace-id'] ?? ''))?.[0];
    calls.add({
      at: Date.now() - Math.round(durationMs),
      principal: principal.roleArn,
      service,
      operation,
      resources,
      index,
      consumedCapacity:
        capacity.length > 0 ? capacity.reduce((sum, one) => sum + one.CapacityUnits, 0) : undefined,
      durationMs: Math.round(durationMs * 100) / 100,
      status,
      errorCode,
      traceId,
    });
    if (service === 'dynamodb') {
      if (status < 300 && isWrite(operation)) for (const table of resources) needs.onWrite?.(table);
      putDynamoDbMetrics(needs.metrics, {
        operation,
        tables: resources,
        index,
        capacity,
        durationMs,
        status,
        errorCode,
      });
    }
  }
}

/** Undefined when the body is too large. Events, not `for await`: this is on every call's path. */
function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBodyBytes) resolve(undefined);
      else chunks.push(chunk);
    });
    request.on('error', reject);
    request.on('end', () => {
      const [first] = chunks;
      resolve(chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks));
    });
  });
}

/** The backend judges a body that is not JSON; here it only means: nothing is known of it. */
function parseInput(service: EndpointService, body: Buffer): Record<string, unknown> {
  if (body.length === 0) return {};
  try {
    if (service === 'sns') return Object.fromEntries(new URLSearchParams(body.toString()));
    const value: unknown = JSON.parse(body.toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function errorCodeOf(status: number, body: Buffer): string | undefined {
  if (status < 300) return undefined;
  const type = /"__type"\s*:\s*"([^"]+)"/.exec(body.toString('utf8', 0, 500))?.[1];
  return type?.split('#').at(-1) ?? /<Code>([^<]+)</.exec(body.toString('utf8', 0, 500))?.[1];
}
