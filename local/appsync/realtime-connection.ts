import type { WebSocket } from 'ws';
import type { Authenticate } from './authorization.ts';
import { RequestRefused } from './caller.ts';
import { type GraphqlRequest, prepareOperation } from './execute-operation.ts';
import type { GraphqlApi } from './graphql-api.ts';
import {
  type ClientMessage,
  clientMessage,
  type RealtimeError,
  requiredHeaders,
  startData,
} from './realtime-protocol.ts';
import { SubscriptionRefused, type Subscriptions } from './subscriptions.ts';

const CONNECTION_TIMEOUT_MS = 300_000;
const KEEP_ALIVE_MS = 60_000;
const MAX_SUBSCRIPTIONS = 100;

export interface RealtimeDeps {
  api: GraphqlApi;
  authenticate: Authenticate;
  subscriptions: Subscriptions;
  /** Counts by AppSync's metric names, e.g. `SubscribeSuccess`. */
  count(name: string): void;
}

/** Speaks AppSync's protocol on one authorized socket until it closes. */
export function serveRealtimeConnection(socket: WebSocket, sourceIp: string, deps: RealtimeDeps): void {
  /** Id → ends it; undefined while its start is under way. */
  const live = new Map<string, (() => void) | undefined>();
  let keepAlive: NodeJS.Timeout | undefined;

  const send = (message: object): void => {
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(message));
  };
  const sendErrors = (id: string | undefined, errors: readonly RealtimeError[]): void =>
    send({ type: 'error', ...(id !== undefined && { id }), payload: { errors } });

  const start = async (message: Extract<ClientMessage, { type: 'start' }>): Promise<void> => {
    const { id, payload } = message;
    if (live.has(id))
      throw new RequestRefused(400, 'DuplicatedOperationError', `Operation id ${id} is in use.`);
    if (live.size >= MAX_SUBSCRIPTIONS) {
      throw new RequestRefused(
        400,
        'MaxSubscriptionsReachedError',
        `Max number of ${MAX_SUBSCRIPTIONS} subscriptions reached`,
      );
    }
    live.set(id, undefined);
    try {
      const request = parseStart(payload.data);
      const headers = requiredHeaders(payload.extensions.authorization);
      const caller = await deps.authenticate({ headers, sourceIp, operation: request });
      const result = prepareOperation(deps.api, request);
      if ('refused' in result) throw new SubscriptionRefused(result.refused.errors ?? []);
      const end = await deps.subscriptions.add(result.prepared, request, caller, headers, {
        data: (event) => {
          deps.count('PublishDataMessageSuccess');
          send({ type: 'data', id, payload: event });
        },
        ended: () => {
          live.delete(id);
          send({ type: 'complete', id });
        },
      });
      // The client may have left or sent stop in the meantime.
      if (!live.has(id) || socket.readyState !== socket.OPEN) return end();
      live.set(id, end);
      deps.count('SubscribeSuccess');
      send({ type: 'start_ack', id });
    } catch (error) {
      live.delete(id);
      throw error;
    }
  };

  const stop = (id: string): void => {
    if (!live.has(id)) throw new RequestRefused(400, 'UnknownOperationError', `Unknown operation id ${id}`);
    live.get(id)?.();
    live.delete(id);
    send({ type: 'complete', id });
  };

  const handle = async (message: ClientMessage): Promise<void> => {
    if (message.type === 'start') return start(message);
    if (message.type === 'stop') return stop(message.id);
    send({ type: 'connection_ack', payload: { connectionTimeoutMs: CONNECTION_TIMEOUT_MS } });
    send({ type: 'ka' });
    keepAlive ??= setInterval(() => send({ type: 'ka' }), KEEP_ALIVE_MS).unref();
  };

  socket.on('message', (data) => {
    const { id, message } = parseMessage(String(data));
    if (!message) {
      sendErrors(id, [
        {
          errorType: 'UnsupportedOperation',
          message: 'Operation not supported through the realtime channel',
        },
      ]);
      return;
    }
    handle(message).catch((error: unknown) => {
      if (message.type === 'start') deps.count('SubscribeClientError');
      sendErrors(id, errorsOf(error));
    });
  });
  socket.on('close', () => {
    clearInterval(keepAlive);
    for (const end of live.values()) end?.();
    live.clear();
  });
  // A broken connection also closes; without a listener it would end the process.
  socket.on('error', () => {});
}

/** The message, if it is one, and its id even if it is not, so that the answer can name it. */
function parseMessage(text: string): { id?: string; message?: ClientMessage } {
  let json: { id?: unknown } | null;
  try {
    json = JSON.parse(text);
  } catch {
    return {};
  }
  return {
    id: typeof json?.id === 'string' ? json.id : undefined,
    message: clientMessage.safeParse(json).data,
  };
}

function parseStart(data: string): GraphqlRequest {
  let json: unknown;
  try {
    json = JSON.parse(data);
  } catch {
    throw new RequestRefused(400, 'BadRequestException', 'payload.data is no JSON.');
  }
  const parsed = startData.safeParse(json);
  if (!parsed.success)
    throw new RequestRefused(
      400,
      'BadRequestException',
      'payload.data needs query, and variables as an object.',
    );
  const { query, operationName, variables } = parsed.data;
  return { query, operationName: operationName || undefined, variables: variables ?? {} };
}

function errorsOf(error: unknown): readonly RealtimeError[] {
  if (error instanceof SubscriptionRefused) return error.errors;
  if (error instanceof RequestRefused) {
    return [{ errorType: error.errorType, message: error.message, errorCode: error.status }];
  }
  return [
    {
      errorType: 'InternalFailure',
      message: error instanceof Error ? error.message : String(error),
      errorCode: 500,
    },
  ];
}
