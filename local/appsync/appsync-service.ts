import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { StartError } from '../start-error.ts';
import type { LambdaService, ProvidingService, RuntimeContext } from '../types.ts';
import { createAppSyncProviders } from './appsync-providers.ts';
import { createAuthentication } from './authorization.ts';
import { RequestRefused } from './caller.ts';
import {
  executeOperation,
  type GraphqlResponse,
  newOperationContext,
  prepareOperation,
} from './execute-operation.ts';
import type { GraphqlApi } from './graphql-api.ts';
import { createHttpEndpoint, type IncomingOperation } from './http-endpoint.ts';
import { publicationsOf } from './published-value.ts';
import { createRealtimeEndpoint, type RealtimeEndpoint } from './realtime-endpoint.ts';
import { createResolverRuntime } from './resolver-runtime.ts';
import { Subscriptions } from './subscriptions.ts';
import { wireSchema } from './wire-schema.ts';

/** Refuses when the template has no GraphQL API, or the API is not started yet. */
export interface AppSyncService extends ProvidingService {
  /** `POST /graphql`, whatever path the front serves it under. */
  handleHttp(request: IncomingMessage, response: ServerResponse): void;
  /** The WebSocket of subscriptions. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

interface LiveApi {
  handle(request: IncomingMessage, response: ServerResponse): void;
  realtime: RealtimeEndpoint;
}

/**
 * AppSync for the one GraphQL API of the template. It registers itself as an origin under the hosts of
 * its `GraphQLUrl` and `GraphQLDns`, so that the front finds it behind CloudFront's behaviours.
 */
export function createAppSyncService(
  context: RuntimeContext,
  needs: { lambda: LambdaService },
): AppSyncService {
  const { settings, origins, log } = context;
  const apis = new Map<string, GraphqlApi>();
  const runtime = createResolverRuntime(log);
  let live: LiveApi | undefined;

  const service: AppSyncService = {
    providers: createAppSyncProviders({ settings, assets: context.assets, runtime, apis }),
    async start() {
      const [api, ...others] = apis.values();
      if (!api) return;
      if (others.length > 0)
        throw new StartError(
          'the template has several AWS::AppSync::GraphQLApi, the local runtime serves one',
        );
      live = startApi(api);
      const origin = { handle: service.handleHttp, upgrade: service.handleUpgrade };
      origins.register(new URL(settings.origin).host, origin);
      origins.register(`${api.id}.appsync-api.${settings.region}.amazonaws.com`, origin);
    },
    async stop() {
      live?.realtime.close();
      live = undefined;
    },
    handleHttp(request, response) {
      if (live) live.handle(request, response);
      else response.writeHead(503).end();
    },
    handleUpgrade(request, socket, head) {
      if (live) live.realtime.upgrade(request, socket, head);
      else socket.end('HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\r\n');
    },
  };
  return service;

  function startApi(api: GraphqlApi): LiveApi {
    const { schema, lambdaAuthorizer } = api;
    if (!schema)
      throw new StartError(`${api.logicalId} (AWS::AppSync::GraphQLApi) has no AWS::AppSync::GraphQLSchema`);
    const source = { service: 'appsync.amazonaws.com', arn: api.arn };
    if (lambdaAuthorizer && !needs.lambda.permits(lambdaAuthorizer.functionArn, source)) {
      throw new StartError(
        `${api.logicalId} (AWS::AppSync::GraphQLApi): no AWS::Lambda::Permission lets ${source.service} invoke its authorizer ${lambdaAuthorizer.functionArn}`,
      );
    }
    wireSchema(schema, { api, lambda: needs.lambda, runtime });
    const subscriptions = new Subscriptions(schema);
    const authenticate = createAuthentication(api, context.credentials, {
      apiId: api.id,
      apiArn: api.arn,
      accountId: settings.accountId,
      lambda: needs.lambda,
      log,
    });
    const measure = (name: string, value: number, unit: string): void =>
      context.metrics.put({
        namespace: 'AWS/AppSync',
        name,
        dimensions: { GraphQLAPIId: api.id },
        value,
        unit,
      });

    const run = async ({ request, headers, sourceIp }: IncomingOperation): Promise<GraphqlResponse> => {
      const caller = await authenticate({ headers, sourceIp, operation: request });
      const result = prepareOperation(api, request);
      if ('refused' in result) return result.refused;
      if (result.prepared.operation.operation === 'subscription') {
        throw new RequestRefused(
          400,
          'UnsupportedOperation',
          'Subscriptions are served through the realtime endpoint.',
        );
      }
      const operation = newOperationContext(
        caller,
        headers,
        request.variables,
        'run',
        subscriptions.invalidate,
      );
      const response = await executeOperation(result.prepared, request, operation);
      for (const publication of publicationsOf(result.prepared, response.data)) {
        subscriptions
          .publish(publication)
          .catch((error: unknown) => log(`appsync: publishing failed: ${String(error)}`));
      }
      return response;
    };
    const realtime = createRealtimeEndpoint({
      api,
      authenticate,
      subscriptions,
      count: (name) => measure(name, 1, 'Count'),
    });
    const handle = createHttpEndpoint(run, (status, milliseconds) => {
      measure('Requests', 1, 'Count');
      measure('Latency', milliseconds, 'Milliseconds');
      measure('4XXError', status >= 400 && status < 500 ? 1 : 0, 'Count');
      measure('5XXError', status >= 500 ? 1 : 0, 'Count');
    });
    return {
      realtime,
      handle: (request, response) => {
        handle(request, response).catch((error: unknown) => {
          log(`appsync: answering failed: ${String(error)}`);
          response.destroy();
        });
      },
    };
  }
}
