import { createHttpService } from '../../local/http/http-service.ts';
import type { InvocationResult, InvokeOptions, LambdaService } from '../../local/types.ts';
import { temporaryContext } from './local-functions.ts';

export type Handler = (event: never, options: InvokeOptions) => unknown;

export const functionArn = (name: string) => `arn:aws:lambda:eu-central-1:123456789012:function:${name}`;

/** Lambda without sandboxes: handlers of the test itself. `permitted` decides what the resource policy says. */
export function fakeLambda(handlers: Record<string, Handler>, permitted = true): LambdaService {
  const invoke = async (arn: string, payload: unknown, options: InvokeOptions = {}) => {
    const handler = handlers[arn.split(':').at(-1) ?? ''];
    const event = JSON.parse(JSON.stringify(payload)) as never;
    const result: InvocationResult = { requestId: 'r', durationMs: 1 };
    try {
      return { ...result, payload: JSON.parse(JSON.stringify((await handler?.(event, options)) ?? null)) };
    } catch (error) {
      if (error instanceof Error && error.name === 'AwsError') throw error;
      const { message } = error as Error;
      return { ...result, error: { errorType: 'Error', errorMessage: message, kind: 'handled' as const } };
    }
  };
  return { invoke, invokeAsync: async () => {}, permits: () => permitted, timeoutSeconds: () => 5 };
}

export interface FrontOptions {
  lambda: LambdaService;
  /** Route key → properties besides the obvious; `authorized: true` puts the authorizer before it. */
  routes: Record<string, { authorized?: boolean; function?: string; timeoutMilliseconds?: number }>;
  api?: object;
  /** `false`: the API has none. */
  authorizer?: object | false;
  stage?: object;
  /** The whole distribution's `DistributionConfig`; absent: the API answers by itself. */
  distribution?: (apiHost: string, functionArn: string) => object;
  edgeCode?: string;
}

/** Starts a front on a free port, made of the resources that a template would have. */
export async function startFront(options: FrontOptions) {
  const test = await temporaryContext();
  const service = createHttpService(test.context, { lambda: options.lambda });
  const create = async (logicalId: string, type: string, properties: object) => {
    const made = await service.providers[type]?.create({ logicalId, type, properties: { ...properties } });
    return made?.ref ?? '';
  };
  const ApiId = await create('Api', 'AWS::ApiGatewayV2::Api', {
    Name: 'a',
    ProtocolType: 'HTTP',
    ...options.api,
  });
  const integrations = new Map<string, string>();
  const integration = async (name: string, TimeoutInMillis?: number) => {
    const known = integrations.get(name);
    if (known) return known;
    const id = await create(`Integration${name}`, 'AWS::ApiGatewayV2::Integration', {
      ApiId,
      IntegrationType: 'AWS_PROXY',
      IntegrationUri: functionArn(name),
      PayloadFormatVersion: '2.0',
      ...(TimeoutInMillis && { TimeoutInMillis }),
    });
    integrations.set(name, id);
    return id;
  };
  const AuthorizerId =
    options.authorizer !== false &&
    (await create('Authorizer', 'AWS::ApiGatewayV2::Authorizer', {
      ApiId,
      Name: 'callers',
      AuthorizerType: 'REQUEST',
      AuthorizerPayloadFormatVersion: '2.0',
      EnableSimpleResponses: true,
      IdentitySource: ['$request.header.Authorization'],
      AuthorizerResultTtlInSeconds: 60,
      AuthorizerUri: `arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/${functionArn('authorizer')}/invocations`,
      ...options.authorizer,
    }));
  for (const [RouteKey, route] of Object.entries(options.routes)) {
    await create(`Route ${RouteKey}`, 'AWS::ApiGatewayV2::Route', {
      ApiId,
      RouteKey,
      Target: `integrations/${await integration(route.function ?? 'subject', route.timeoutMilliseconds)}`,
      ...(route.authorized && { AuthorizationType: 'CUSTOM', AuthorizerId }),
    });
  }
  await create('Stage', 'AWS::ApiGatewayV2::Stage', {
    ApiId,
    StageName: '$default',
    AutoDeploy: true,
    ...options.stage,
  });
  if (options.distribution) {
    const edge = await create('Edge', 'AWS::CloudFront::Function', {
      Name: 'edge',
      AutoPublish: true,
      FunctionCode: options.edgeCode ?? 'function handler(event) { return event.request; }',
      FunctionConfig: { Comment: '', Runtime: 'cloudfront-js-2.0' },
    });
    const host = `${ApiId}.execute-api.eu-central-1.amazonaws.com`;
    const DistributionConfig = options.distribution(host, edge);
    await create('Distribution', 'AWS::CloudFront::Distribution', { DistributionConfig });
  }
  await service.start?.();
  return { ...test, service, apiId: ApiId, url: `http://127.0.0.1:${service.port}` };
}
