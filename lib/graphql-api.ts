import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Fn } from 'aws-cdk-lib';
import { CfnDataSource, CfnGraphQLApi, CfnGraphQLSchema, CfnResolver } from 'aws-cdk-lib/aws-appsync';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnPermission } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { ResolverEntry } from '../graphql/resolvers.ts';
import { allow, type FunctionName, type TandemFunction } from './function.ts';
import { physicalName, type Stage } from './stage.ts';

export interface GraphqlApiProps {
  stage: Stage;
  /** Directory with `schema.graphql` and the files that the resolvers name. */
  sources: string;
  resolvers: readonly ResolverEntry[];
  functions: Record<FunctionName, TandemFunction>;
}

/** How many siblings one invocation answers: a page of the largest list. */
const maxBatchSize = 100;

/** The AppSync API: callers come through the Lambda authorizer, only `changes` comes with IAM to publish. */
export class GraphqlApi extends Construct {
  /** The HTTP endpoint, ending in `/graphql`. */
  readonly url: string;
  readonly realtimeUrl: string;
  readonly apiId: string;
  /** Host of {@link url}, for CloudFront. */
  readonly domainName: string;
  /** The mutations that make subscriptions fire. */
  readonly publishFieldArns: string[];

  constructor(scope: Construct, id: string, { stage, sources, resolvers, functions }: GraphqlApiProps) {
    super(scope, id);
    const logRole = new Role(this, 'LogRole', { assumedBy: new ServicePrincipal('appsync.amazonaws.com') });
    const api = new CfnGraphQLApi(this, 'Api', {
      name: physicalName(stage, 'graphql'),
      authenticationType: 'AWS_LAMBDA',
      lambdaAuthorizerConfig: {
        authorizerUri: functions.authorizer.function.functionArn,
        authorizerResultTtlInSeconds: 60,
      },
      additionalAuthenticationProviders: [{ authenticationType: 'AWS_IAM' }],
      introspectionConfig: stage.introspection ? 'ENABLED' : 'DISABLED',
      queryDepthLimit: 8,
      resolverCountLimit: 1000,
      xrayEnabled: true,
      logConfig: {
        cloudWatchLogsRoleArn: logRole.roleArn,
        fieldLogLevel: 'ERROR',
        excludeVerboseContent: true,
      },
    });
    this.apiId = api.attrApiId;
    this.url = api.attrGraphQlUrl;
    this.realtimeUrl = api.attrRealtimeUrl;
    this.domainName = Fn.select(2, Fn.split('/', this.url));
    this.publishFieldArns = resolvers
      .filter(({ typeName, kind }) => typeName === 'Mutation' && kind === 'local')
      .map(({ fieldName }) => `${api.attrArn}/types/Mutation/fields/${fieldName}`);

    // Named, because a retention set through the API's construct needs a custom resource with wildcard rights.
    const logs = new LogGroup(this, 'Logs', {
      logGroupName: Fn.join('', ['/aws/appsync/apis/', this.apiId]),
      retention: stage.logRetention,
      removalPolicy: stage.removalPolicy,
    });
    logs.grantWrite(logRole);

    new CfnPermission(this, 'Permission-authorizer', {
      action: 'lambda:InvokeFunction',
      principal: 'appsync.amazonaws.com',
      functionName: functions.authorizer.function.functionArn,
      sourceArn: api.attrArn,
    });
    this.#resolvers(sources, resolvers, functions.graphql);
  }

  #resolvers(sources: string, resolvers: readonly ResolverEntry[], target: TandemFunction): void {
    const schema = new CfnGraphQLSchema(this, 'Schema', {
      apiId: this.apiId,
      definition: readFileSync(join(sources, 'schema.graphql'), 'utf8'),
    });
    const role = new Role(this, 'InvokeRole', { assumedBy: new ServicePrincipal('appsync.amazonaws.com') });
    role.addToPolicy(allow(['lambda:InvokeFunction'], target.function.functionArn));
    const lambda = new CfnDataSource(this, 'Lambda', {
      apiId: this.apiId,
      name: 'lambda',
      type: 'AWS_LAMBDA',
      lambdaConfig: { lambdaFunctionArn: target.function.functionArn },
      serviceRoleArn: role.roleArn,
    });
    const local = new CfnDataSource(this, 'Local', { apiId: this.apiId, name: 'local', type: 'NONE' });

    for (const { typeName, fieldName, kind, code } of resolvers) {
      const dataSource = kind === 'local' ? local : lambda;
      const resolver = new CfnResolver(this, `Resolver-${typeName}-${fieldName}`, {
        apiId: this.apiId,
        typeName,
        fieldName,
        dataSourceName: dataSource.attrName,
        kind: 'UNIT',
        runtime: { name: 'APPSYNC_JS', runtimeVersion: '1.0.0' },
        code: readFileSync(join(sources, code), 'utf8'),
        ...(kind === 'batch' && { maxBatchSize }),
      });
      resolver.addResourceDependency(schema);
    }
  }
}
