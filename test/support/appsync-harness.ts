import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAppSyncService } from '../../local/appsync/appsync-service.ts';
import type { AppSyncError } from '../../local/appsync/response-errors.ts';
import type { InvocationResult, LambdaService, RuntimeContext } from '../../local/types.ts';
import { runtimeContext, type TestContext } from './local-runtime-context.ts';

export interface ResolverSpec {
  /** `Query.contacts` */
  place: string;
  code?: string;
  dataSource?: 'lambda' | 'none';
  maxBatchSize?: number;
  /** Code of the functions of a pipeline. */
  pipeline?: { code: string; dataSource: 'lambda' | 'none' }[];
}

export interface HarnessOptions {
  schema: string;
  resolvers?: ResolverSpec[];
  api?: Record<string, unknown>;
  /** Function name → its handler; `graphql` is the data source, `authorizer` the authorizer. */
  functions?: Record<string, (event: never) => unknown>;
  context?: Partial<RuntimeContext>;
  /** Whether AppSync may invoke the authorizer. */
  permitted?: boolean;
}

export interface Answer {
  status: number;
  data: Record<string, unknown> | null;
  errors?: AppSyncError[];
}

export interface AppSyncHarness {
  /** `http://127.0.0.1:<port>/graphql` */
  url: string;
  context: TestContext;
  /** Events by function name. */
  invocations: { name: string; event: unknown }[];
  query(
    query: string,
    variables?: Record<string, unknown>,
    headers?: Record<string, string>,
  ): Promise<Answer>;
  close(): Promise<void>;
}

const functionArn = (name: string) => `arn:aws:lambda:us-east-1:123456789012:function:${name}`;
/** Says yes to tokens of the form `<tenant>`, no to `nobody`. */
const defaultAuthorizer = ({ authorizationToken }: { authorizationToken: string }) => ({
  isAuthorized: authorizationToken !== 'nobody',
  resolverContext: { tenantId: authorizationToken },
});

/** An AppSync API made from template resources, behind a real HTTP server. */
export async function startAppSync(options: HarnessOptions): Promise<AppSyncHarness> {
  const context = runtimeContext(options.context);
  const functions: Record<string, (event: never) => unknown> = {
    authorizer: defaultAuthorizer,
    ...options.functions,
  };
  const invocations: AppSyncHarness['invocations'] = [];
  const lambda: LambdaService = {
    async invoke(name, payload): Promise<InvocationResult> {
      const short = name.split(':').at(-1) ?? name;
      const event = JSON.parse(JSON.stringify(payload));
      invocations.push({ name: short, event });
      const common = { requestId: 'r', durationMs: 1 };
      try {
        return {
          ...common,
          payload: JSON.parse(JSON.stringify((await functions[short]?.(event as never)) ?? null)),
        };
      } catch (error) {
        const { name: errorType, message: errorMessage } = error as Error;
        return { ...common, error: { errorType, errorMessage, kind: 'handled' } };
      }
    },
    invokeAsync: async (name, payload) => void (await lambda.invoke(name, payload)),
    permits: () => options.permitted ?? true,
    timeoutSeconds: () => 10,
  };
  const service = createAppSyncService(context, { lambda });
  const create = async (type: string, logicalId: string, properties: Record<string, unknown>) => {
    const created = await service.providers[`AWS::AppSync::${type}`]?.create({ logicalId, type, properties });
    if (!created) throw new Error(`no provider for ${type}`);
    return created;
  };

  const api = await create('GraphQLApi', 'Api', {
    Name: 'test',
    AuthenticationType: 'AWS_LAMBDA',
    LambdaAuthorizerConfig: { AuthorizerUri: functionArn('authorizer'), AuthorizerResultTtlInSeconds: 60 },
    AdditionalAuthenticationProviders: [{ AuthenticationType: 'AWS_IAM' }],
    ...options.api,
  });
  const ApiId = api.attributes.ApiId;
  await create('GraphQLSchema', 'Schema', { ApiId, Definition: options.schema });
  await create('DataSource', 'Lambda', {
    ApiId,
    Name: 'lambda',
    Type: 'AWS_LAMBDA',
    LambdaConfig: { LambdaFunctionArn: functionArn('graphql') },
    ServiceRoleArn: 'arn:aws:iam::123456789012:role/invoke',
  });
  await create('DataSource', 'None', { ApiId, Name: 'none', Type: 'NONE' });
  const Runtime = { Name: 'APPSYNC_JS', RuntimeVersion: '1.0.0' };
  for (const { place, code, dataSource = 'lambda', maxBatchSize, pipeline } of options.resolvers ?? []) {
    const [TypeName, FieldName] = place.split('.');
    const ids: (string | undefined)[] = [];
    for (const [index, step] of (pipeline ?? []).entries()) {
      const created = await create('FunctionConfiguration', `${TypeName}${FieldName}${index}`, {
        ApiId,
        Name: `step${index}`,
        DataSourceName: step.dataSource,
        Runtime,
        Code: step.code,
      });
      ids.push(created.attributes.FunctionId);
    }
    await create('Resolver', `Resolver${TypeName}${FieldName}`, {
      ApiId,
      TypeName,
      FieldName,
      ...(code !== undefined && { Code: code, Runtime }),
      ...(pipeline
        ? { Kind: 'PIPELINE', PipelineConfig: { Functions: ids } }
        : { Kind: 'UNIT', DataSourceName: dataSource }),
      ...(maxBatchSize !== undefined && { MaxBatchSize: maxBatchSize }),
    });
  }
  await service.start?.();

  const server = createServer(service.handleHttp).on('upgrade', service.handleUpgrade);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
  return {
    url,
    context,
    invocations,
    async query(query, variables, headers = { authorization: 'northwind' }) {
      const response = await fetch(url, {
        method: 'POST',
        headers,
        body: JSON.stringify({ query, variables }),
      });
      return { status: response.status, ...((await response.json()) as Omit<Answer, 'status'>) };
    },
    async close() {
      await service.stop?.();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Resolver code that hands the field to the function and its answer to the caller. */
export const invokeCode = `
  import { util } from '@aws-appsync/utils';
  export function request(ctx) {
    return { operation: 'Invoke', payload: { field: ctx.info.fieldName, arguments: ctx.args, source: ctx.source, identity: ctx.identity } };
  }
  export function response(ctx) {
    if (ctx.error) { util.error(ctx.error.message, ctx.error.type); }
    return ctx.result;
  }
`;
export const batchCode = invokeCode.replace("'Invoke'", "'BatchInvoke'");
/** Resolver code without a data source: the arguments' \`input\` is the value. */
export const echoCode = `
  export function request(ctx) { return { payload: ctx.args.input }; }
  export function response(ctx) { return ctx.result; }
`;
