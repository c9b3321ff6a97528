import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseProperties } from '../parse-properties.ts';
import type { AssetLocator, ProviderMap, ResolvedResource, RuntimeSettings } from '../types.ts';
import type { DataSource, GraphqlApi, ResolverStep } from './graphql-api.ts';
import { compileResolverModule, type ResolverModule } from './resolver-module.ts';
import type { ResolverRuntime } from './resolver-runtime.ts';
import { buildAppSyncSchema, fieldOf } from './schema.ts';
import {
  dataSourceProperties,
  functionProperties,
  graphqlApiProperties,
  resolverProperties,
  schemaProperties,
} from './template-properties.ts';

export interface AppSyncProviderDeps {
  settings: RuntimeSettings;
  assets: AssetLocator;
  runtime: ResolverRuntime;
  /** Filled by the providers, by id. */
  apis: Map<string, GraphqlApi>;
}

/** Path on the public origin where an API answers, by HTTP and by WebSocket. */
export const GRAPHQL_PATH = '/graphql';
export const REALTIME_PATH = '/graphql/realtime';

/** The providers of AWS::AppSync: each throws an Error that says what AppSync or the runtime would not take. */
export function createAppSyncProviders({
  settings,
  assets,
  runtime,
  apis,
}: AppSyncProviderDeps): ProviderMap {
  const apiOf = (id: string): GraphqlApi => {
    const api = apis.get(id);
    if (!api) throw new Error(`there is no GraphQL API ${id}`);
    return api;
  };
  const sourceOf = (api: GraphqlApi, name: string): DataSource => {
    const source = api.dataSources.get(name);
    if (!source) throw new Error(`the API has no data source "${name}"`);
    return source;
  };
  const textOf = (inline: string | undefined, s3Location: string | undefined): string | undefined => {
    if (inline !== undefined || s3Location === undefined) return inline;
    return readFileSync(assets.path(s3Location.split('/').slice(3).join('/')), 'utf8');
  };
  const moduleOf = (
    properties: { Code?: string; CodeS3Location?: string; Runtime?: object },
    name: string,
  ): Required<ResolverModule> | undefined => {
    const code = textOf(properties.Code, properties.CodeS3Location);
    if (code === undefined) return undefined;
    if (!properties.Runtime) throw new Error('Code needs the Runtime APPSYNC_JS');
    const { request, response } = compileResolverModule(code, `${name}.js`, runtime.modules, runtime.console);
    if (!request || !response) throw new Error('the code must export the functions request and response');
    return { request, response };
  };
  const stepOf = (dataSource: DataSource, module: ResolverStep['module'], maxBatchSize = 0): ResolverStep => {
    if (!module && dataSource.type !== 'AWS_LAMBDA')
      throw new Error(`a ${dataSource.type} data source needs Code`);
    return { dataSource, module, maxBatchSize };
  };

  return {
    'AWS::AppSync::GraphQLApi': {
      create(resource) {
        const api = createGraphqlApi(resource, settings);
        apis.set(api.id, api);
        const host = `${api.id}.appsync-api.${settings.region}.amazonaws.com`;
        return {
          ref: api.arn,
          attributes: {
            ApiId: api.id,
            Arn: api.arn,
            GraphQLEndpointArn: `arn:aws:appsync:${settings.region}:${settings.accountId}:endpoints/graphql-api/${api.id}`,
            GraphQLUrl: `${settings.origin}${GRAPHQL_PATH}`,
            GraphQLDns: host,
            RealtimeUrl: `${settings.origin.replace(/^http/, 'ws')}${REALTIME_PATH}`,
            RealtimeDns: host.replace('appsync-api', 'appsync-realtime-api'),
          },
        };
      },
    },
    'AWS::AppSync::GraphQLSchema': {
      create({ properties }) {
        const { ApiId, Definition, DefinitionS3Location } = parseProperties(schemaProperties, properties);
        const sdl = textOf(Definition, DefinitionS3Location);
        if (sdl === undefined) throw new Error('a schema needs Definition or DefinitionS3Location');
        apiOf(ApiId).schema = buildAppSyncSchema(sdl);
        return { ref: `${ApiId}GraphQLSchema`, attributes: { Id: `${ApiId}GraphQLSchema` } };
      },
    },
    'AWS::AppSync::DataSource': {
      create({ properties }) {
        const parsed = parseProperties(dataSourceProperties, properties);
        const { ApiId, Name, Type, LambdaConfig, ServiceRoleArn } = parsed;
        const api = apiOf(ApiId);
        if (Type === 'NONE') api.dataSources.set(Name, { type: 'NONE', name: Name });
        else {
          if (!LambdaConfig || !ServiceRoleArn)
            throw new Error('AWS_LAMBDA needs LambdaConfig and ServiceRoleArn');
          const functionArn = LambdaConfig.LambdaFunctionArn;
          api.dataSources.set(Name, { type: Type, name: Name, functionArn, serviceRoleArn: ServiceRoleArn });
        }
        const arn = `${api.arn}/datasources/${Name}`;
        return { ref: arn, attributes: { DataSourceArn: arn, Name } };
      },
    },
    'AWS::AppSync::FunctionConfiguration': {
      create({ logicalId, properties }) {
        const parsed = parseProperties(functionProperties, properties);
        const api = apiOf(parsed.ApiId);
        const module = moduleOf(parsed, parsed.Name);
        api.functions.set(
          logicalId,
          stepOf(sourceOf(api, parsed.DataSourceName), module, parsed.MaxBatchSize),
        );
        const arn = `${api.arn}/functions/${logicalId}`;
        return {
          ref: arn,
          attributes: {
            FunctionArn: arn,
            FunctionId: logicalId,
            Name: parsed.Name,
            DataSourceName: parsed.DataSourceName,
          },
        };
      },
    },
    'AWS::AppSync::Resolver': {
      create({ properties }) {
        const parsed = parseProperties(resolverProperties, properties);
        const { ApiId, TypeName, FieldName, Kind = 'UNIT', DataSourceName, PipelineConfig } = parsed;
        const api = apiOf(ApiId);
        if (!api.schema)
          throw new Error(`the schema of ${api.logicalId} must be created before its resolvers`);
        fieldOf(api.schema, TypeName, FieldName);
        const place = `${TypeName}.${FieldName}`;
        if (api.resolvers.has(place)) throw new Error(`${place} has a resolver already`);
        const module = moduleOf(parsed, place);
        if (Kind === 'UNIT') {
          if (DataSourceName === undefined) throw new Error('a UNIT resolver needs DataSourceName');
          const step = stepOf(sourceOf(api, DataSourceName), module, parsed.MaxBatchSize);
          api.resolvers.set(place, { kind: 'UNIT', step });
        } else {
          const steps = (PipelineConfig?.Functions ?? []).map((id) => {
            const step = api.functions.get(id);
            if (!step) throw new Error(`the API has no function ${id}`);
            return step;
          });
          api.resolvers.set(place, { kind: 'PIPELINE', module, steps });
        }
        const arn = `${api.arn}/types/${TypeName}/resolvers/${FieldName}`;
        return { ref: arn, attributes: { ResolverArn: arn, TypeName, FieldName } };
      },
    },
  };
}

function createGraphqlApi(
  { logicalId, properties }: ResolvedResource,
  settings: RuntimeSettings,
): GraphqlApi {
  const parsed = parseProperties(graphqlApiProperties, properties);
  // An id that stays the same over restarts, in the form of AppSync's own.
  const id = createHash('sha256').update(logicalId).digest('hex').slice(0, 26);
  const providers = [parsed, ...(parsed.AdditionalAuthenticationProviders ?? [])];
  const authorizer = providers.map(({ LambdaAuthorizerConfig }) => LambdaAuthorizerConfig).find(Boolean);
  if (!authorizer && providers.some(({ AuthenticationType }) => AuthenticationType === 'AWS_LAMBDA')) {
    throw new Error('AWS_LAMBDA needs LambdaAuthorizerConfig');
  }
  return {
    logicalId,
    id,
    arn: `arn:aws:appsync:${settings.region}:${settings.accountId}:apis/${id}`,
    defaultMode: parsed.AuthenticationType,
    modes: providers.map(({ AuthenticationType }) => AuthenticationType),
    lambdaAuthorizer: authorizer && {
      functionArn: authorizer.AuthorizerUri,
      ttlSeconds: authorizer.AuthorizerResultTtlInSeconds ?? 0,
      validation:
        authorizer.IdentityValidationExpression === undefined
          ? undefined
          : new RegExp(authorizer.IdentityValidationExpression),
    },
    introspection: parsed.IntrospectionConfig !== 'DISABLED',
    queryDepthLimit: parsed.QueryDepthLimit ?? 0,
    // 0 means AppSync's own limit.
    resolverCountLimit: parsed.ResolverCountLimit || 10_000,
    environment: parsed.EnvironmentVariables ?? {},
    dataSources: new Map(),
    functions: new Map(),
    resolvers: new Map(),
  };
}
