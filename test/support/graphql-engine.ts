import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Context } from 'aws-lambda';
import { handler } from '../../functions/graphql/handler.ts';
import { type ResolverEntry, resolvers } from '../../graphql/resolvers.ts';
import type { Caller } from '../../local/appsync/caller.ts';
import {
  executeOperation,
  type GraphqlResponse,
  newOperationContext,
  prepareOperation,
} from '../../local/appsync/execute-operation.ts';
import type { DataSource, GraphqlApi } from '../../local/appsync/graphql-api.ts';
import { publicationsOf } from '../../local/appsync/published-value.ts';
import { compileResolverModule, type ResolverModule } from '../../local/appsync/resolver-module.ts';
import { createResolverRuntime } from '../../local/appsync/resolver-runtime.ts';
import { buildAppSyncSchema } from '../../local/appsync/schema.ts';
import { Subscriptions } from '../../local/appsync/subscriptions.ts';
import { wireSchema } from '../../local/appsync/wire-schema.ts';
import type { LambdaService } from '../../local/types.ts';

const sources = resolve(import.meta.dirname, '../../graphql');

export const schemaText = readFileSync(join(sources, 'schema.graphql'), 'utf8');

/** What the authorizer would say of the caller. */
export type Identity = {
  tenantId: string;
  role: string;
  subject?: string;
  taskTypes?: string;
  expiresAt?: string;
};

export interface GraphqlAnswer extends Omit<GraphqlResponse, 'data'> {
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  data: any;
}

export interface GraphqlEngine {
  /** Runs a query or mutation; by IAM when `as` is `service`. */
  run(query: string, as: Identity | 'service', variables?: Record<string, unknown>): Promise<GraphqlAnswer>;
  /** Starts a subscription; what it delivers is pushed to the list. @throws {SubscriptionRefused} */
  subscribe(query: string, as: Identity): Promise<{ events: GraphqlResponse[]; end(): void }>;
  /** How often the graphql function ran, with the fields asked of it. */
  invocations: string[][];
}

/** The local AppSync engine over our schema, resolvers and graphql function, without network and template. */
export function createGraphqlEngine(): GraphqlEngine {
  const invocations: string[][] = [];
  const api = createApi();
  const runtime = createResolverRuntime(() => {});
  for (const entry of resolvers) {
    const module = compile(entry, runtime);
    api.resolvers.set(`${entry.typeName}.${entry.fieldName}`, {
      kind: 'UNIT',
      step: { dataSource: dataSources[entry.kind], module, maxBatchSize: entry.kind === 'batch' ? 100 : 0 },
    });
  }
  const lambda: Pick<LambdaService, 'invoke'> = {
    async invoke(_name, payload) {
      const event = JSON.parse(JSON.stringify(payload));
      invocations.push([event].flat().map(({ field }: { field: string }) => field));
      const answer = await handler(event, { awsRequestId: 'request-1' } as Context);
      return { payload: JSON.parse(JSON.stringify(answer)), requestId: 'request-1', durationMs: 0 };
    },
  };
  const schema = api.schema as NonNullable<GraphqlApi['schema']>;
  wireSchema(schema, { api, lambda: lambda as LambdaService, runtime });
  const subscriptions = new Subscriptions(schema);

  return {
    invocations,
    async run(query, as, variables = {}) {
      const result = prepareOperation(api, { query, variables });
      if ('refused' in result) return result.refused;
      const context = newOperationContext(callerOf(as), {}, variables, 'run', subscriptions.invalidate);
      const response = await executeOperation(result.prepared, { query, variables }, context);
      for (const publication of publicationsOf(result.prepared, response.data)) {
        await subscriptions.publish(publication);
      }
      return JSON.parse(JSON.stringify(response));
    },
    async subscribe(query, as) {
      const result = prepareOperation(api, { query, variables: {} });
      if ('refused' in result) throw new Error(JSON.stringify(result.refused));
      const events: GraphqlResponse[] = [];
      const subscriber = { data: (event: GraphqlResponse) => void events.push(event), ended: () => {} };
      const end = await subscriptions.add(
        result.prepared,
        { query, variables: {} },
        callerOf(as),
        {},
        subscriber,
      );
      return { events, end };
    },
  };
}

const none: DataSource = { type: 'NONE', name: 'local' };
const functionSource: DataSource = {
  type: 'AWS_LAMBDA',
  name: 'lambda',
  functionArn: 'arn:aws:lambda:us-east-1:1:function:graphql',
  serviceRoleArn: 'arn:aws:iam::1:role/graphql',
};
const dataSources = { local: none, lambda: functionSource, batch: functionSource };

function createApi(): GraphqlApi {
  return {
    logicalId: 'Api',
    id: 'api',
    arn: 'arn:aws:appsync:us-east-1:1:apis/api',
    defaultMode: 'AWS_LAMBDA',
    modes: ['AWS_LAMBDA', 'AWS_IAM'],
    introspection: true,
    queryDepthLimit: 8,
    resolverCountLimit: 1_000,
    environment: {},
    schema: buildAppSyncSchema(schemaText),
    dataSources: new Map(),
    functions: new Map(),
    resolvers: new Map(),
  };
}

function compile(
  entry: ResolverEntry,
  runtime: ReturnType<typeof createResolverRuntime>,
): Required<ResolverModule> {
  const code = readFileSync(join(sources, entry.code), 'utf8');
  const { request, response } = compileResolverModule(code, entry.code, runtime.modules, runtime.console);
  if (!request || !response) throw new Error(`${entry.code} must export request and response`);
  return { request, response };
}

function callerOf(as: Identity | 'service'): Caller {
  if (as === 'service') {
    return {
      mode: 'AWS_IAM',
      identity: { userArn: 'arn:aws:sts::1:assumed-role/changes/local' },
      deniedFields: new Set(),
      principal: { roleArn: 'arn:aws:iam::1:role/changes' },
    };
  }
  return {
    mode: 'AWS_LAMBDA',
    identity: { resolverContext: { authenticated: 'true', subject: 'user-1', ...as } },
    deniedFields: new Set(),
  };
}
