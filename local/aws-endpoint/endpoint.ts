import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { handleCloudWatchRequest } from '../cloudwatch/json-protocol.ts';
import type { BackendName, Backends } from '../data-services/backends.ts';
import { findFreePort } from '../data-services/free-port.ts';
import type { HttpAnswer } from '../data-services/http-call.ts';
import {
  AwsError,
  type CloudWatchApi,
  type FunctionCredentials,
  type MetricSink,
  type Service,
} from '../types.ts';
import { type ArnScope, accessRequests } from './access-requests.ts';
import { authorize } from './authorize.ts';
import { asBatchAnswer, batchAsTransaction } from './batch-as-transaction.ts';
import { applyBucketCors, type BucketCors } from './bucket-cors.ts';
import { type CallLog, createCallLog } from './call-log.ts';
import { type CallObservers, noteOutcome } from './call-outcome.ts';
import { askForCapacity } from './consumed-capacity.ts';
import { forwardBuffered, forwardStream } from './forward.ts';
import { type IncomingCall, readCall } from './incoming-call.ts';
import type { MessageMoveTasks } from './message-move-tasks.ts';
import { replyError, replyJson } from './reply.ts';

export interface EndpointDependencies extends Omit<CallObservers, 'calls'> {
  backends: Backends;
  credentials: FunctionCredentials;
  cloudWatch: CloudWatchApi;
  metrics: MetricSink;
  /** Absent when SQS is somebody else's, who then has these operations. */
  moveTasks?: MessageMoveTasks;
  /** Browsers' rights to the buckets. */
  cors: BucketCors;
  scope: ArnScope;
}

/** The one address that all functions call as AWS. */
export interface AwsEndpoint extends Service {
  /** `http://127.0.0.1:<port>` */
  url: string;
  calls: CallLog;
  stop(): Promise<void>;
}

/**
 * Recognises the caller, asks `authorize`, forwards to the service and notes what it cost.
 * `GET /_calls?since=<seq>` shows the noted calls (to this machine only, like everything here).
 * @param preferredPort the port of the last run, so that presigned URLs outlive a restart
 */
export async function startAwsEndpoint(
  needs: EndpointDependencies,
  preferredPort?: number,
): Promise<AwsEndpoint> {
  const { backends, credentials, cloudWatch, moveTasks, cors, scope } = needs;
  const calls = createCallLog();
  const observers: CallObservers = { calls, metrics: needs.metrics, onWrite: needs.onWrite };
  const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
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
    if (request.url?.startsWith('/_calls')) {
      const since = Number(new URL(request.url, 'http://localhost').searchParams.get('since') ?? 0);
      replyJson(response, 200, calls.since(since));
      return;
    }
    if (applyBucketCors(cors, request, response)) return;
    const call = await readCall(request, credentials);
    if ('refused' in call) {
      const { service, status, code, message } = call.refused;
      replyError(response, service, status, code, message);
      return;
    }
    const denied = denialOf(call);
    if (denied !== undefined) {
      const body = replyError(response, call.service, 403, 'AccessDeniedException', denied);
      noteOutcome(call, 403, observers, body);
    } else if (call.service === 's3') {
      response.once('close', () => noteOutcome(call, response.statusCode, observers));
      await forwardStream(backends, 's3', request, response);
    } else if (call.service === 'cloudwatch') {
      const { headers } = request;
      const {
        status,
        headers: own,
        body,
      } = await handleCloudWatchRequest(cloudWatch, { headers, body: call.body });
      response.writeHead(status, own);
      response.end(body);
      noteOutcome(call, status, observers, Buffer.from(body));
    } else if (call.service === 'sqs' && moveTasks?.handles(call.operation)) {
      await moveMessages(call, moveTasks, response);
    } else {
      await forward(call, call.service, request, response);
    }
  }

  /** Why the caller may not do this; undefined when it may. */
  function denialOf(call: IncomingCall): string | undefined {
    const { service, operation, input, url, principal } = call;
    for (const wanted of accessRequests(service, operation, input, url, scope)) {
      const decision = authorize({ principal, ...wanted });
      if (!decision.allowed) return decision.reason;
    }
    return undefined;
  }

  async function forward(
    call: IncomingCall,
    service: BackendName,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { operation, input, body } = call;
    const asked = service === 'dynamodb' ? askForCapacity(operation, input, body) : body;
    const result =
      (await writeAtOnce(call, service, request)) ??
      (await forwardBuffered(backends, service, request, asked));
    if (result === undefined) {
      const message = `${service} does not answer right now.`;
      noteOutcome(call, 503, observers, replyError(response, service, 503, 'ServiceUnavailable', message));
      return;
    }
    response.writeHead(result.status, result.headers);
    response.end(result.body);
    noteOutcome(call, result.status, observers, result.body);
  }

  /** A batch of writes as the one transaction that it can be for our own engine; undefined when it cannot. */
  async function writeAtOnce(
    { operation, input, body }: IncomingCall,
    service: BackendName,
    { method, url, headers }: IncomingMessage,
  ): Promise<HttpAnswer | undefined> {
    if (service !== 'dynamodb' || backends.isForeign(service)) return undefined;
    const other = batchAsTransaction(operation, input, headers, body);
    if (!other) return undefined;
    const result = await forwardBuffered(
      backends,
      service,
      { method, url, headers: other.headers },
      other.body,
    );
    if (result?.status !== 200) return undefined;
    const answer = asBatchAnswer(result.body);
    return {
      ...result,
      headers: { ...result.headers, 'content-length': String(answer.length) },
      body: answer,
    };
  }

  async function moveMessages(
    call: IncomingCall,
    tasks: MessageMoveTasks,
    response: ServerResponse,
  ): Promise<void> {
    try {
      replyJson(response, 200, await tasks.call(call.operation, call.input));
      noteOutcome(call, 200, observers);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const body = replyError(response, 'sqs', error.status, error.code, error.message);
      noteOutcome(call, error.status, observers, body);
    }
  }
}
