import type { GraphQLError } from 'graphql';
import { ResolverError } from './resolver-error.ts';
import { ScalarError } from './scalars.ts';

/** An entry of `errors[]` as AppSync writes it. */
export interface AppSyncError {
  path: readonly (string | number)[] | null;
  data: unknown;
  errorType: string | null;
  errorInfo: unknown;
  locations: { line: number; column: number; sourceName: null }[] | null;
  message: string;
}

const NON_NULL = /^Cannot return null for non-nullable field (\w+)\.(\w+)\.$/;

/** An error of execution: raised by resolver code, by completing a value, or by a bug of ours. */
export function fromExecution(error: GraphQLError): AppSyncError {
  const { path, locations, originalError } = error;
  const raised = originalError instanceof ResolverError ? originalError : undefined;
  return {
    path: path ?? null,
    data: raised?.data ?? null,
    errorType: raised?.errorType ?? null,
    errorInfo: raised?.errorInfo ?? null,
    locations: locations?.map(({ line, column }) => ({ line, column, sourceName: null })) ?? null,
    message: messageOf(error),
  };
}

/** An error found before anything ran: syntax, validation, variables. */
export function fromValidation(
  { message, locations }: GraphQLError,
  kind: 'ValidationError' | 'SyntaxError',
): AppSyncError {
  return {
    path: null,
    data: null,
    errorType: kind,
    errorInfo: null,
    locations: locations?.map(({ line, column }) => ({ line, column, sourceName: null })) ?? null,
    message: kind === 'SyntaxError' ? message : `Validation error: ${message}`,
  };
}

function messageOf({ message, path, originalError }: GraphQLError): string {
  const place =
    `/${(path ?? []).map((key) => (typeof key === 'number' ? `[${key}]` : key)).join('/')}`.replaceAll(
      '/[',
      '[',
    );
  const nonNull = NON_NULL.exec(message);
  if (nonNull)
    return `Cannot return null for non-nullable type: '${nonNull[2]}' within parent '${nonNull[1]}' (${place})`;
  if (originalError instanceof ScalarError)
    return `Can't serialize value (${place}) : ${originalError.message}`;
  return message;
}
