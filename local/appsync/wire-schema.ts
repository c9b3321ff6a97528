import { GraphQLObjectType, type GraphQLResolveInfo, type GraphQLSchema } from 'graphql';
import { authorize } from '../aws-endpoint/authorize.ts';
import { modesByField } from './field-authorization.ts';
import type { GraphqlApi } from './graphql-api.ts';
import type { OperationContext } from './operation-context.ts';
import { ResolverError, unauthorizedField } from './resolver-error.ts';
import { type ResolverDeps, runResolver } from './run-resolver.ts';

/** Makes the schema execute as the API does: limits, authorization by field, then resolver or plain property. */
export function wireSchema(schema: GraphQLSchema, deps: ResolverDeps): void {
  const { api } = deps;
  const modes = modesByField(schema, api.defaultMode);
  const roots = new Set([schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]);
  for (const type of Object.values(schema.getTypeMap())) {
    if (!(type instanceof GraphQLObjectType) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields())) {
      const place = `${type.name}.${field.name}`;
      const resolver = api.resolvers.get(place);
      const allowed = modes.get(place) ?? new Set();
      const isRoot = roots.has(type);
      field.resolve = (source, args, operation: OperationContext, info) => {
        checkDepth(api, info);
        checkAccess(api, operation, info, allowed, isRoot);
        if (operation.registration) operation.registration.args = args;
        if (!resolver || operation.phase === 'deliver') return propertyOf(source, field.name);
        checkCount(api, operation);
        return runResolver(deps, resolver, { source, args, info, operation });
      };
    }
  }
}

function propertyOf(source: unknown, name: string): unknown {
  return (source as Record<string, unknown> | null | undefined)?.[name] ?? null;
}

function checkDepth({ queryDepthLimit }: GraphqlApi, info: GraphQLResolveInfo): void {
  if (queryDepthLimit === 0) return;
  let depth = 0;
  for (let path: GraphQLResolveInfo['path'] | undefined = info.path; path; path = path.prev) {
    if (typeof path.key === 'string') depth += 1;
  }
  if (depth > queryDepthLimit) {
    throw new ResolverError(`The query is deeper than ${queryDepthLimit} levels.`, 'QueryDepthLimitReached');
  }
}

function checkCount({ resolverCountLimit }: GraphqlApi, operation: OperationContext): void {
  operation.resolversRun += 1;
  if (operation.resolversRun > resolverCountLimit) {
    throw new ResolverError(
      `The query runs more than ${resolverCountLimit} resolvers.`,
      'ResolverExecutionLimitReached',
    );
  }
}

function checkAccess(
  api: GraphqlApi,
  { caller }: OperationContext,
  { parentType, fieldName }: GraphQLResolveInfo,
  allowed: ReadonlySet<string>,
  isRoot: boolean,
): void {
  const { deniedFields, principal } = caller;
  const arn = () => `${api.arn}/types/${parentType.name}/fields/${fieldName}`;
  const denied =
    !allowed.has(caller.mode) ||
    (deniedFields.size > 0 &&
      (deniedFields.has(`${parentType.name}.${fieldName}`) || deniedFields.has(arn()))) ||
    // IAM looks at what a caller asks for by name, not at what the answer is made of.
    (isRoot &&
      principal !== undefined &&
      !authorize({ principal, action: 'appsync:GraphQL', resource: arn() }).allowed);
  if (denied) throw unauthorizedField(parentType.name, fieldName);
}
