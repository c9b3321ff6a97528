import { Aws, Fn, Stack } from 'aws-cdk-lib';
import { CfnApi, CfnAuthorizer, CfnIntegration, CfnRoute, CfnStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { CfnPermission } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { RestFunction, Route } from '../functions/shared/route.ts';
import type { FunctionName, TandemFunction } from './function.ts';
import { physicalName, type Stage } from './stage.ts';

export interface RestApiProps {
  stage: Stage;
  routes: readonly Route[];
  functions: Record<FunctionName, TandemFunction>;
}

/** What a row of the access log holds: enough to find the request's logs and trace, nothing of its content. */
const accessLogFormat = JSON.stringify({
  requestId: '$context.requestId',
  time: '$context.requestTime',
  ip: '$context.identity.sourceIp',
  route: '$context.routeKey',
  status: '$context.status',
  latency: '$context.responseLatency',
  integrationLatency: '$context.integrationLatency',
  responseLength: '$context.responseLength',
  tenant: '$context.authorizer.tenantId',
  integrationError: '$context.integrationErrorMessage',
  authorizerError: '$context.authorizer.error',
});

/**
 * The HTTP API with one explicit route per row of the route table; what matches none goes to `platform`,
 * which answers the 404 problem. L1 constructs, because the L2 integration adds a Lambda permission per
 * route and a function's resource policy ends at 20 KB.
 */
export class RestApi extends Construct {
  readonly apiId: string;
  /** `https://<id>.execute-api…`: only CloudFront and tests address it. */
  readonly domainName: string;

  constructor(scope: Construct, id: string, { stage, routes, functions }: RestApiProps) {
    super(scope, id);
    const api = new CfnApi(this, 'Api', {
      name: physicalName(stage, 'rest'),
      protocolType: 'HTTP',
      corsConfiguration: {
        // Tokens travel in a header, never in cookies, so any origin may call.
        allowOrigins: ['*'],
        allowMethods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
        allowHeaders: ['authorization', 'content-type', 'idempotency-key', 'if-match', 'if-none-match'],
        exposeHeaders: ['etag', 'location', 'retry-after', 'idempotent-replayed', 'x-cache'],
        maxAge: 3600,
      },
    });
    this.apiId = api.ref;
    this.domainName = Fn.join('', [api.ref, '.execute-api.', Aws.REGION, '.', Aws.URL_SUFFIX]);

    const authorizer = this.#authorizer(functions.authorizer);
    const targets = this.#integrations(functions);
    for (const route of routes) {
      new CfnRoute(this, `Route-${route.operation}`, {
        apiId: this.apiId,
        routeKey: `${route.method} ${route.path}`,
        target: targets[route.function],
        ...(route.permission === 'public'
          ? { authorizationType: 'NONE' }
          : { authorizationType: 'CUSTOM', authorizerId: authorizer.ref }),
      });
    }
    new CfnRoute(this, 'Route-default', {
      apiId: this.apiId,
      routeKey: '$default',
      target: targets.platform,
      authorizationType: 'NONE',
    });
    this.#stage(stage);
  }

  #authorizer(target: TandemFunction): CfnAuthorizer {
    const authorizer = new CfnAuthorizer(this, 'Authorizer', {
      apiId: this.apiId,
      name: 'callers',
      authorizerType: 'REQUEST',
      authorizerPayloadFormatVersion: '2.0',
      enableSimpleResponses: true,
      identitySource: ['$request.header.Authorization'],
      authorizerResultTtlInSeconds: 60,
      authorizerUri: Fn.join('', [
        'arn:',
        Aws.PARTITION,
        ':apigateway:',
        Aws.REGION,
        ':lambda:path/2015-03-31/functions/',
        target.function.functionArn,
        '/invocations',
      ]),
    });
    this.#permit('authorizer', target, `authorizers/${authorizer.ref}`);
    return authorizer;
  }

  /** One integration and one permission per function, whatever the number of its routes. */
  #integrations(functions: Record<FunctionName, TandemFunction>): Record<RestFunction, string> {
    const target = (name: RestFunction) => {
      const integration = new CfnIntegration(this, `Integration-${name}`, {
        apiId: this.apiId,
        integrationType: 'AWS_PROXY',
        integrationUri: functions[name].function.functionArn,
        payloadFormatVersion: '2.0',
      });
      this.#permit(name, functions[name], '*/*');
      return `integrations/${integration.ref}`;
    };
    return { crm: target('crm'), tasks: target('tasks'), platform: target('platform') };
  }

  #permit(name: string, target: TandemFunction, path: string): void {
    new CfnPermission(this, `Permission-${name}`, {
      action: 'lambda:InvokeFunction',
      principal: 'apigateway.amazonaws.com',
      functionName: target.function.functionArn,
      sourceArn: Stack.of(this).formatArn({
        service: 'execute-api',
        resource: this.apiId,
        resourceName: path,
      }),
    });
  }

  #stage(stage: Stage): void {
    const logs = new LogGroup(this, 'AccessLogs', {
      // The prefix keeps the account's log delivery policy from growing with each log group.
      logGroupName: `/aws/vendedlogs/${physicalName(stage, 'rest')}`,
      retention: stage.logRetention,
      removalPolicy: stage.removalPolicy,
    });
    new CfnStage(this, 'Stage', {
      apiId: this.apiId,
      stageName: '$default',
      autoDeploy: true,
      accessLogSettings: { destinationArn: logs.logGroupArn, format: accessLogFormat },
      defaultRouteSettings: {
        detailedMetricsEnabled: true,
        throttlingRateLimit: stage.throttle.rate,
        throttlingBurstLimit: stage.throttle.burst,
      },
    });
  }
}
