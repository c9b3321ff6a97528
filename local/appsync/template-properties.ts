import * as z from 'zod';

/**
 * The properties of AppSync resources that the runtime acts on or may safely leave alone (logging,
 * tracing, tags). Others, such as mapping templates or caching, are refused by name.
 */
const authModes = ['AWS_LAMBDA', 'AWS_IAM'] as const;
const authMode = z.enum(authModes, {
  error: ({ input }) =>
    `authentication type ${String(input)} is not supported locally (${authModes.join(', ')} are)`,
});
const lambdaAuthorizer = z.strictObject({
  AuthorizerUri: z.string(),
  AuthorizerResultTtlInSeconds: z.optional(z.number().min(0).max(3600)),
  IdentityValidationExpression: z.optional(z.string()),
});
const tags = z.optional(z.array(z.unknown()));

export const graphqlApiProperties = z.strictObject({
  Name: z.string(),
  AuthenticationType: authMode,
  LambdaAuthorizerConfig: z.optional(lambdaAuthorizer),
  AdditionalAuthenticationProviders: z.optional(
    z.array(
      z.strictObject({ AuthenticationType: authMode, LambdaAuthorizerConfig: z.optional(lambdaAuthorizer) }),
    ),
  ),
  IntrospectionConfig: z.optional(z.enum(['ENABLED', 'DISABLED'])),
  QueryDepthLimit: z.optional(z.int().min(0).max(75)),
  ResolverCountLimit: z.optional(z.int().min(0).max(10_000)),
  EnvironmentVariables: z.optional(z.record(z.string(), z.string())),
  ApiType: z.optional(z.literal('GRAPHQL')),
  Visibility: z.optional(z.literal('GLOBAL')),
  XrayEnabled: z.optional(z.boolean()),
  LogConfig: z.optional(z.unknown()),
  EnhancedMetricsConfig: z.optional(z.unknown()),
  OwnerContact: z.optional(z.string()),
  Tags: tags,
});

export const schemaProperties = z.strictObject({
  ApiId: z.string(),
  Definition: z.optional(z.string()),
  DefinitionS3Location: z.optional(z.string()),
});

export const dataSourceProperties = z.strictObject({
  ApiId: z.string(),
  Name: z.string().regex(/^[_A-Za-z]\w*$/),
  Description: z.optional(z.string()),
  Type: z.enum(['AWS_LAMBDA', 'NONE'], {
    error: ({ input }) =>
      `data source type ${String(input)} is not supported locally (AWS_LAMBDA and NONE are)`,
  }),
  LambdaConfig: z.optional(z.strictObject({ LambdaFunctionArn: z.string() })),
  ServiceRoleArn: z.optional(z.string()),
  MetricsConfig: z.optional(z.string()),
});

const code = {
  Code: z.optional(z.string()),
  CodeS3Location: z.optional(z.string()),
  Runtime: z.optional(z.strictObject({ Name: z.literal('APPSYNC_JS'), RuntimeVersion: z.literal('1.0.0') })),
  MaxBatchSize: z.optional(z.int().min(0).max(2000)),
};

export const functionProperties = z.strictObject({
  ApiId: z.string(),
  Name: z.string(),
  Description: z.optional(z.string()),
  DataSourceName: z.string(),
  FunctionVersion: z.optional(z.string()),
  ...code,
});

export const resolverProperties = z.strictObject({
  ApiId: z.string(),
  TypeName: z.string(),
  FieldName: z.string(),
  Kind: z.optional(z.enum(['UNIT', 'PIPELINE'])),
  DataSourceName: z.optional(z.string()),
  PipelineConfig: z.optional(z.strictObject({ Functions: z.array(z.string()) })),
  MetricsConfig: z.optional(z.string()),
  ...code,
});
