import { createHash } from 'node:crypto';
import * as z from 'zod';
import { parseProperties } from '../parse-properties.ts';
import type { CreatedResource, ProviderMap, ResolvedResource, RuntimeSettings } from '../types.ts';
import { type CorsSettings, corsProperties } from './cors.ts';
import type { ApiIntegration } from './http-api.ts';
import type { AuthorizerSettings } from './lambda-authorizer.ts';
import { type ApiRoute, RouteTable } from './route-table.ts';

const apiProperties = z.strictObject({
  Name: z.string(),
  ProtocolType: z.literal('HTTP'),
  CorsConfiguration: corsProperties.optional(),
  Description: z.string().optional(),
  DisableExecuteApiEndpoint: z.boolean().optional(),
  Tags: z.unknown().optional(),
});

const integrationProperties = z.strictObject({
  ApiId: z.string(),
  IntegrationType: z.literal('AWS_PROXY'),
  IntegrationUri: z.string(),
  IntegrationMethod: z.string().optional(),
  PayloadFormatVersion: z.literal('2.0'),
  TimeoutInMillis: z.coerce.number().int().min(50).max(30_000).default(30_000),
});

const authorizerProperties = z.strictObject({
  ApiId: z.string(),
  Name: z.string(),
  AuthorizerType: z.literal('REQUEST'),
  AuthorizerPayloadFormatVersion: z.literal('2.0'),
  EnableSimpleResponses: z.literal(true),
  IdentitySource: z.array(z.string()).default([]),
  AuthorizerResultTtlInSeconds: z.coerce.number().int().min(0).max(3600).default(300),
  AuthorizerUri: z.string(),
});

const routeProperties = z.strictObject({
  ApiId: z.string(),
  RouteKey: z.string(),
  Target: z.string('the route has no integration: Target is missing'),
  AuthorizationType: z.enum(['NONE', 'CUSTOM']).default('NONE'),
  AuthorizerId: z.string().optional(),
  OperationName: z.string().optional(),
});

const stageProperties = z.strictObject({
  ApiId: z.string(),
  StageName: z.literal('$default'),
  AutoDeploy: z.literal(true),
  AccessLogSettings: z.strictObject({ DestinationArn: z.string(), Format: z.string() }).optional(),
  DefaultRouteSettings: z
    .strictObject({
      DetailedMetricsEnabled: z.boolean().default(false),
      ThrottlingRateLimit: z.coerce.number().positive().optional(),
      ThrottlingBurstLimit: z.coerce.number().int().positive().optional(),
    })
    .optional(),
  Description: z.string().optional(),
  Tags: z.unknown().optional(),
});

export type StageSettings = z.infer<typeof stageProperties>;

/** What the template says of one HTTP API. */
export interface ApiDefinition {
  logicalId: string;
  apiId: string;
  domainName: string;
  cors?: CorsSettings;
  routes: RouteTable;
  routeList: ApiRoute[];
  integrations: Map<string, ApiIntegration>;
  authorizers: Map<string, AuthorizerSettings>;
  stage?: StageSettings;
}

/** Collects the HTTP APIs of the template, in the order in which it refers to their parts. */
export class ApiDefinitions {
  readonly all = new Map<string, ApiDefinition>();
  readonly providers: ProviderMap;
  readonly #settings: RuntimeSettings;

  constructor(settings: RuntimeSettings) {
    this.#settings = settings;
    this.providers = {
      'AWS::ApiGatewayV2::Api': { create: (resource) => this.#api(resource) },
      'AWS::ApiGatewayV2::Integration': { create: (resource) => this.#integration(resource) },
      'AWS::ApiGatewayV2::Authorizer': { create: (resource) => this.#authorizer(resource) },
      'AWS::ApiGatewayV2::Route': { create: (resource) => this.#route(resource) },
      'AWS::ApiGatewayV2::Stage': { create: (resource) => this.#stage(resource) },
    };
  }

  #api({ logicalId, properties }: ResolvedResource): CreatedResource {
    const read = parseProperties(apiProperties, properties);
    const apiId = stableId(logicalId, 10);
    const domainName = `${apiId}.execute-api.${this.#settings.region}.amazonaws.com`;
    this.all.set(apiId, {
      logicalId,
      apiId,
      domainName,
      cors: read.CorsConfiguration,
      routes: new RouteTable(),
      routeList: [],
      integrations: new Map(),
      authorizers: new Map(),
    });
    return { ref: apiId, attributes: { ApiId: apiId, ApiEndpoint: `https://${domainName}` } };
  }

  #integration({ logicalId, properties }: ResolvedResource): CreatedResource {
    const read = parseProperties(integrationProperties, properties);
    const id = stableId(logicalId, 7);
    this.#find(read.ApiId).integrations.set(id, {
      functionArn: functionArn(read.IntegrationUri),
      timeoutMilliseconds: read.TimeoutInMillis,
    });
    return { ref: id, attributes: { IntegrationId: id } };
  }

  #authorizer({ logicalId, properties }: ResolvedResource): CreatedResource {
    const read = parseProperties(authorizerProperties, properties);
    const id = stableId(logicalId, 6);
    this.#find(read.ApiId).authorizers.set(id, {
      id,
      functionArn: functionArn(read.AuthorizerUri),
      identitySources: read.IdentitySource,
      ttlSeconds: read.AuthorizerResultTtlInSeconds,
    });
    return { ref: id, attributes: { AuthorizerId: id } };
  }

  #route({ logicalId, properties }: ResolvedResource): CreatedResource {
    const read = parseProperties(routeProperties, properties);
    const api = this.#find(read.ApiId);
    const integrationId = /^integrations\/(.+)$/.exec(read.Target)?.[1] ?? '';
    if (!api.integrations.has(integrationId)) throw new Error(`Target ${read.Target} is no integration`);
    const isOpen = read.AuthorizationType === 'NONE';
    if (!isOpen && !api.authorizers.has(read.AuthorizerId ?? '')) {
      throw new Error(`AuthorizerId ${read.AuthorizerId} is no authorizer of the API`);
    }
    const authorizerId = isOpen ? undefined : read.AuthorizerId;
    const route: ApiRoute = { routeKey: read.RouteKey, integrationId, authorizerId };
    api.routes.add(route);
    api.routeList.push(route);
    const id = stableId(logicalId, 7);
    return { ref: id, attributes: { RouteId: id } };
  }

  #stage({ properties }: ResolvedResource): CreatedResource {
    const read = parseProperties(stageProperties, properties);
    this.#find(read.ApiId).stage = read;
    return { ref: read.StageName, attributes: {} };
  }

  #find(apiId: string): ApiDefinition {
    const api = this.all.get(apiId);
    if (!api) throw new Error(`ApiId ${apiId} is no HTTP API of the template`);
    return api;
  }
}

/** Both forms that API Gateway takes: the function's ARN, and the ARN of its invocation path. */
function functionArn(uri: string): string {
  const arn = /(arn:[^:]+:lambda:[^:]+:\d+:function:[^/]+)(?:\/invocations)?$/.exec(uri)?.[1];
  if (!arn) throw new Error(`${uri} is no Lambda function`);
  return arn;
}

/** Ids stay the same from run to run, so that names made of them do, too. */
export function stableId(logicalId: string, length: number): string {
  const number = BigInt(`0x${createHash('sha256').update(logicalId).digest('hex')}`);
  return number.toString(36).slice(0, length);
}
