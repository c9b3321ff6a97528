import {
  type DocumentNode,
  execute,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  NoSchemaIntrospectionCustomRule,
  type OperationDefinitionNode,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import { BatchQueue } from './batch-queue.ts';
import { type Caller, RequestRefused } from './caller.ts';
import type { GraphqlApi } from './graphql-api.ts';
import type { OperationContext } from './operation-context.ts';
import { type AppSyncError, fromExecution, fromValidation } from './response-errors.ts';

/** What a client sends to be executed. */
export interface GraphqlRequest {
  query: string;
  operationName?: string;
  variables: Record<string, unknown>;
}

export interface GraphqlResponse {
  data: Record<string, unknown> | null;
  errors?: AppSyncError[];
}

/** A document that fits the schema, and the operation to run. */
export interface PreparedOperation {
  schema: GraphQLSchema;
  document: DocumentNode;
  operation: OperationDefinitionNode;
}

/**
 * Parses and validates.
 *
 * @returns the operation, or the answer that says why there is none
 * @throws {RequestRefused} 400 when the document has no such operation
 */
export function prepareOperation(
  api: GraphqlApi,
  request: GraphqlRequest,
): { prepared: PreparedOperation } | { refused: GraphqlResponse } {
  const { schema } = api;
  if (!schema) throw new Error(`the API ${api.logicalId} has no schema`);
  let document: DocumentNode;
  try {
    document = parse(request.query, { maxTokens: 15_000 });
  } catch (error) {
    if (error instanceof GraphQLError)
      return { refused: { data: null, errors: [fromValidation(error, 'SyntaxError')] } };
    throw error;
  }
  const rules = api.introspection ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];
  const problems = validate(schema, document, rules);
  if (problems.length > 0) {
    return {
      refused: { data: null, errors: problems.map((problem) => fromValidation(problem, 'ValidationError')) },
    };
  }
  const operation = getOperationAST(document, request.operationName);
  if (!operation) {
    const name =
      request.operationName === undefined
        ? 'Must provide operation name'
        : `Unknown operation named '${request.operationName}'`;
    throw new RequestRefused(400, 'BadRequestException', `${name}.`);
  }
  return { prepared: { schema, document, operation } };
}

/** A context for one execution. */
export function newOperationContext(
  caller: Caller,
  headers: Record<string, string>,
  variables: Record<string, unknown>,
  phase: OperationContext['phase'],
  invalidate: OperationContext['invalidate'],
): OperationContext {
  return {
    caller,
    headers,
    variables,
    phase,
    invalidate,
    appended: [],
    resolversRun: 0,
    batches: new BatchQueue(),
  };
}

/** Executes a query or mutation. */
export async function executeOperation(
  { schema, document }: PreparedOperation,
  { operationName, variables }: GraphqlRequest,
  context: OperationContext,
): Promise<GraphqlResponse> {
  const result = await execute({
    schema,
    document,
    operationName,
    variableValues: variables,
    contextValue: context,
  });
  // Without data and without a path the variables did not fit: nothing has run.
  const ran = 'data' in result;
  const errors = [
    ...(result.errors ?? []).map((error) =>
      ran ? fromExecution(error) : fromValidation(error, 'ValidationError'),
    ),
    ...context.appended,
  ];
  return { data: (result.data as Record<string, unknown>) ?? null, ...(errors.length > 0 && { errors }) };
}
