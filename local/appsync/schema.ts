import {
  buildASTSchema,
  type DocumentNode,
  GraphQLError,
  GraphQLInterfaceType,
  GraphQLObjectType,
  GraphQLScalarType,
  type GraphQLSchema,
  getNamedType,
  parse,
  validateSchema,
} from 'graphql';
import { awsScalars } from './scalars.ts';

/** A schema that AppSync would not take; the message has every problem with its line. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError';
}

/** https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html, .../aws-appsync-real-time-data.html */
const directives = `
  directive @aws_subscribe(mutations: [String!]!) on FIELD_DEFINITION
  directive @aws_publish(subscriptions: [String]) on FIELD_DEFINITION
  directive @aws_lambda on OBJECT | FIELD_DEFINITION
  directive @aws_iam on OBJECT | FIELD_DEFINITION
  directive @aws_api_key on OBJECT | FIELD_DEFINITION
  directive @aws_oidc on OBJECT | FIELD_DEFINITION
  directive @aws_cognito_user_pools(cognito_groups: [String]) on OBJECT | FIELD_DEFINITION
  directive @aws_auth(cognito_groups: [String]) on FIELD_DEFINITION
`;

/**
 * The executable schema of an AppSync API: GraphQL's SDL with AppSync's scalars and directives.
 *
 * @throws {SchemaError}
 */
export function buildAppSyncSchema(sdl: string): GraphQLSchema {
  const document = parseSdl(sdl);
  refuseForeignScalars(document);
  const own = new Set(document.definitions.flatMap((node) => ('name' in node ? node.name?.value : [])));
  const prelude = parse(
    [directives, ...awsScalars.filter(({ name }) => !own.has(name)).map(({ name }) => `scalar ${name}`)].join(
      '\n',
    ),
  );
  const schema = build({ ...document, definitions: [...document.definitions, ...prelude.definitions] });
  for (const scalar of awsScalars) {
    const target = schema.getType(scalar.name);
    const { coerceInputLiteral, coerceInputValue, coerceOutputValue } = scalar.toConfig();
    if (target instanceof GraphQLScalarType)
      Object.assign(target, { coerceInputLiteral, coerceInputValue, coerceOutputValue });
  }
  refuse(validateSchema(schema));
  refuse(brokenSubscriptions(schema));
  return schema;
}

function parseSdl(sdl: string): DocumentNode {
  try {
    return parse(sdl);
  } catch (error) {
    if (error instanceof GraphQLError) refuse([error]);
    throw error;
  }
}

function build(document: DocumentNode): GraphQLSchema {
  try {
    return buildASTSchema(document);
  } catch (error) {
    throw new SchemaError(
      `the schema is not valid: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function refuse(errors: readonly GraphQLError[]): void {
  if (errors.length === 0) return;
  const lines = errors.map(({ message, locations }) => {
    const place = locations?.[0];
    return place ? `line ${place.line}, column ${place.column}: ${message}` : message;
  });
  throw new SchemaError(`the schema is not valid: ${lines.join('; ')}`);
}

function refuseForeignScalars(document: DocumentNode): void {
  const known = new Set(awsScalars.map(({ name }) => name));
  refuse(
    document.definitions.flatMap((node) =>
      node.kind === 'ScalarTypeDefinition' && !known.has(node.name.value)
        ? [new GraphQLError(`AppSync has no custom scalars: "${node.name.value}"`, { nodes: node })]
        : [],
    ),
  );
}

/** Subscription field → the mutations that publish to it. */
export function publishingMutations(schema: GraphQLSchema): Map<string, readonly string[]> {
  const fields = Object.values(schema.getSubscriptionType()?.getFields() ?? {});
  return new Map(
    fields.map((field) => {
      const directive = field.astNode?.directives?.find(({ name }) => name.value === 'aws_subscribe');
      const list = directive?.arguments?.[0]?.value;
      const names = list?.kind === 'ListValue' ? list.values : [];
      return [field.name, names.map((name) => (name.kind === 'StringValue' ? name.value : ''))];
    }),
  );
}

/** A subscription gets what its mutations return, so both must be of the same type. */
function brokenSubscriptions(schema: GraphQLSchema): GraphQLError[] {
  const mutations = schema.getMutationType()?.getFields() ?? {};
  const subscriptions = schema.getSubscriptionType()?.getFields() ?? {};
  return [...publishingMutations(schema)].flatMap(([fieldName, names]) =>
    names.flatMap((name) => {
      const subscription = subscriptions[fieldName];
      const mutation = mutations[name];
      const nodes = subscription?.astNode;
      if (!mutation)
        return [
          new GraphQLError(`@aws_subscribe of ${fieldName}: there is no mutation "${name}"`, { nodes }),
        ];
      const [given, wanted] = [getNamedType(mutation.type), getNamedType(subscription?.type)];
      return given === wanted
        ? []
        : [
            new GraphQLError(
              `${fieldName} is of type ${wanted?.name}, but its mutation ${name} of ${given.name}`,
              { nodes },
            ),
          ];
    }),
  );
}

/**
 * @throws {Error} when the schema has no such type or field
 */
export function fieldOf(schema: GraphQLSchema, typeName: string, fieldName: string) {
  const type = schema.getType(typeName);
  if (!(type instanceof GraphQLObjectType || type instanceof GraphQLInterfaceType)) {
    throw new Error(`the schema has no object type "${typeName}"`);
  }
  const field = type.getFields()[fieldName];
  if (!field) throw new Error(`the type ${typeName} has no field "${fieldName}"`);
  return field;
}
