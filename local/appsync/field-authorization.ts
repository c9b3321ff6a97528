import { GraphQLObjectType, type GraphQLSchema } from 'graphql';
import type { AuthMode } from './graphql-api.ts';

/** Directive → the mode that it lets in; directives of modes that the runtime has not let nobody in. */
const modeOfDirective: Record<string, AuthMode | 'other'> = {
  aws_lambda: 'AWS_LAMBDA',
  aws_iam: 'AWS_IAM',
  aws_api_key: 'other',
  aws_oidc: 'other',
  aws_cognito_user_pools: 'other',
  aws_auth: 'other',
};

/**
 * Which authorization modes reach which field: the field's own directives, else its type's, else the
 * API's default mode alone.
 *
 * @returns `Type.field` → modes
 */
export function modesByField(schema: GraphQLSchema, defaultMode: AuthMode): Map<string, ReadonlySet<string>> {
  const result = new Map<string, ReadonlySet<string>>();
  for (const type of Object.values(schema.getTypeMap())) {
    if (!(type instanceof GraphQLObjectType) || type.name.startsWith('__')) continue;
    const ofType = modesOf(type.astNode?.directives) ?? new Set([defaultMode]);
    for (const field of Object.values(type.getFields())) {
      result.set(`${type.name}.${field.name}`, modesOf(field.astNode?.directives) ?? ofType);
    }
  }
  return result;
}

function modesOf(directives: readonly { name: { value: string } }[] = []): ReadonlySet<string> | undefined {
  const modes = directives.flatMap(({ name }) => modeOfDirective[name.value] ?? []);
  return modes.length === 0 ? undefined : new Set(modes);
}
