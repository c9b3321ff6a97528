import type { GraphQLSchema } from 'graphql';
import type { ResolverModule } from './resolver-module.ts';

export type AuthMode = 'AWS_LAMBDA' | 'AWS_IAM';

/** Where a resolver gets its data. `NONE` gives the request's payload back. */
export type DataSource =
  | { type: 'NONE'; name: string }
  | { type: 'AWS_LAMBDA'; name: string; functionArn: string; serviceRoleArn: string };

/** One step of a resolver: a unit resolver, or a function of a pipeline. */
export interface ResolverStep {
  dataSource: DataSource;
  /** Absent for a direct Lambda resolver, whose function gets the whole context. */
  module?: Required<ResolverModule>;
  /** 0: no batching of siblings. */
  maxBatchSize: number;
}

export type Resolver =
  | { kind: 'UNIT'; step: ResolverStep }
  | { kind: 'PIPELINE'; module?: Required<ResolverModule>; steps: readonly ResolverStep[] };

export interface LambdaAuthorizerConfig {
  functionArn: string;
  ttlSeconds: number;
  /** A token that does not match is refused without asking the function. */
  validation?: RegExp;
}

/** One AppSync API as the template describes it. */
export interface GraphqlApi {
  logicalId: string;
  id: string;
  arn: string;
  defaultMode: AuthMode;
  modes: readonly AuthMode[];
  lambdaAuthorizer?: LambdaAuthorizerConfig;
  introspection: boolean;
  /** 0: unlimited. */
  queryDepthLimit: number;
  resolverCountLimit: number;
  /** `ctx.env` */
  environment: Record<string, string>;
  /** Set by its GraphQLSchema resource, which comes later. */
  schema?: GraphQLSchema;
  dataSources: Map<string, DataSource>;
  functions: Map<string, ResolverStep>;
  /** `Type.field` → resolver */
  resolvers: Map<string, Resolver>;
}
