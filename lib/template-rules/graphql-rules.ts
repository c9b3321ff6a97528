import { buildSchema, type GraphQLSchema, getDirectiveValues, isObjectType } from 'graphql';
import { asText, type Finding, resourcesOf, type TemplateUnderTest } from './template.ts';

/** What AppSync knows without a declaration. */
const builtIn = `
  scalar AWSDate scalar AWSTime scalar AWSDateTime scalar AWSTimestamp scalar AWSEmail
  scalar AWSJSON scalar AWSPhone scalar AWSURL scalar AWSIPAddress
  directive @aws_subscribe(mutations: [String!]!) on FIELD_DEFINITION
  directive @aws_lambda on OBJECT | FIELD_DEFINITION
  directive @aws_iam on OBJECT | FIELD_DEFINITION
  directive @aws_api_key on OBJECT | FIELD_DEFINITION
  directive @aws_oidc on OBJECT | FIELD_DEFINITION
  directive @aws_cognito_user_pools(cognito_groups: [String!]) on OBJECT | FIELD_DEFINITION
`;

/** The schema parses, its resolvers are on fields that exist, and every root field has one. */
export function graphqlSchema({ template }: TemplateUnderTest): Finding[] {
  const [definition] = resourcesOf(template, 'AWS::AppSync::GraphQLSchema');
  if (!definition) return [];
  const schema = parsed(asText(definition.properties.Definition));
  if (typeof schema === 'string') {
    return [
      {
        rule: 'graphql-schema',
        resource: definition.id,
        message: `the GraphQL schema is not valid: ${schema}`,
        location: 'Properties/Definition',
      },
    ];
  }
  const resolvers = resourcesOf(template, 'AWS::AppSync::Resolver').map(({ id, properties }) => ({
    id,
    type: asText(properties.TypeName),
    field: asText(properties.FieldName),
  }));
  const misplaced = resolvers
    .filter(({ type, field }) => !fieldOf(schema, type, field))
    .map(({ id, type, field }) => ({
      rule: 'graphql-resolver',
      resource: id,
      message: `the resolver is on ${type}.${field}, which the schema does not have`,
      location: 'Properties/FieldName',
    }));
  const resolved = new Set(resolvers.map(({ type, field }) => `${type}.${field}`));
  const unanswered = rootFields(schema)
    .filter((field) => !resolved.has(field))
    .map((field) => ({
      rule: 'graphql-resolver',
      resource: definition.id,
      message: `no resolver answers ${field}: it would be null`,
      location: 'Properties/Definition',
    }));
  const silent = silentSubscriptions(schema).map(({ field, mutation }) => ({
    rule: 'graphql-subscription',
    resource: definition.id,
    message: `${field} waits for the mutation ${mutation}, which the schema does not have`,
    location: 'Properties/Definition',
  }));
  return [...misplaced, ...unanswered, ...silent];
}

function parsed(text: string): GraphQLSchema | string {
  try {
    return buildSchema(`${builtIn}\n${text}`);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function fieldOf(schema: GraphQLSchema, typeName: string, fieldName: string) {
  const type = schema.getType(typeName);
  return isObjectType(type) ? type.getFields()[fieldName] : undefined;
}

function rootFields(schema: GraphQLSchema): string[] {
  return [schema.getQueryType(), schema.getMutationType()].flatMap((type) =>
    type ? Object.keys(type.getFields()).map((field) => `${type.name}.${field}`) : [],
  );
}

/** Subscriptions on mutations that do not exist: they would never fire. */
function silentSubscriptions(schema: GraphQLSchema): { field: string; mutation: string }[] {
  const mutations = schema.getMutationType()?.getFields() ?? {};
  const directive = schema.getDirective('aws_subscribe');
  return Object.values(schema.getSubscriptionType()?.getFields() ?? {}).flatMap(({ name, astNode }) => {
    const wanted = directive && astNode ? getDirectiveValues(directive, astNode)?.mutations : undefined;
    return ((wanted ?? []) as string[])
      .filter((mutation) => !(mutation in mutations))
      .map((mutation) => ({ field: `Subscription.${name}`, mutation }));
  });
}
