import type { GraphQLResolveInfo } from 'graphql';
import type { LambdaService } from '../types.ts';
import { callDataSource, DataSourceError, type DataSourceRequest } from './data-source.ts';
import type { GraphqlApi, Resolver, ResolverStep } from './graphql-api.ts';
import type { OperationContext } from './operation-context.ts';
import { createResolverContext, type ResolverContext } from './resolver-context.ts';
import { EarlyReturn, ResolverError } from './resolver-error.ts';
import type { HandlerRun, ResolverRuntime } from './resolver-runtime.ts';

export interface ResolverDeps {
  api: GraphqlApi;
  lambda: LambdaService;
  runtime: ResolverRuntime;
}

/** One field of one operation. */
export interface FieldCall {
  source: unknown;
  args: Record<string, unknown>;
  info: GraphQLResolveInfo;
  operation: OperationContext;
}

const authTypes = { AWS_LAMBDA: 'Lambda Authorization', AWS_IAM: 'IAM Authorization' } as const;

/**
 * Resolves a field by its resolver of the template.
 *
 * @throws {ResolverError}
 */
export async function runResolver(deps: ResolverDeps, resolver: Resolver, call: FieldCall): Promise<unknown> {
  const { source, args, info, operation } = call;
  const context = createResolverContext(source, args, info, operation, deps.api.environment);
  const run = handlerRun(call);
  if (resolver.kind === 'UNIT') return (await runStep(deps, resolver.step, context, run, call, 0)).value;

  const { module, steps } = resolver;
  const before = module && runHandler(deps, run, () => module.request(context));
  let last: unknown = before instanceof EarlyReturn ? before.value : before;
  context.prev = { result: last ?? null };
  for (const [index, step] of (before instanceof EarlyReturn ? [] : steps).entries()) {
    const stepContext = { ...context, prev: { result: last ?? null } };
    const outcome = await runStep(deps, step, stepContext, run, call, index);
    last = outcome.value;
    if (outcome.skipTo === 'END') break;
  }
  context.prev = { result: last ?? null };
  context.result = last ?? null;
  const after = module ? runHandler(deps, run, () => module.response(context)) : last;
  return after instanceof EarlyReturn ? after.value : after;
}

function handlerRun({ info, operation }: FieldCall): HandlerRun {
  return {
    typeName: info.parentType.name,
    fieldName: info.fieldName,
    authType: authTypes[operation.caller.mode],
    subscription: operation.registration,
    invalidate: operation.invalidate,
    appendError: ({ message, errorType, data, errorInfo }) => {
      operation.appended.push({
        path: pathOf(info),
        data: data ?? null,
        errorType,
        errorInfo: errorInfo ?? null,
        locations: info.fieldNodes.flatMap(({ loc }) =>
          loc ? [{ line: loc.startToken.line, column: loc.startToken.column, sourceName: null }] : [],
        ),
        message,
      });
    },
  };
}

function pathOf(info: GraphQLResolveInfo): (string | number)[] {
  const keys: (string | number)[] = [];
  for (let path: GraphQLResolveInfo['path'] | undefined = info.path; path; path = path.prev)
    keys.unshift(path.key);
  return keys;
}

/** Request handler, data source, response handler. */
async function runStep(
  deps: ResolverDeps,
  step: ResolverStep,
  context: ResolverContext,
  run: HandlerRun,
  { info, operation }: FieldCall,
  index: number,
): Promise<{ value: unknown; skipTo?: 'NEXT' | 'END' }> {
  const { module } = step;
  const batch = {
    queue: operation.batches,
    key: `${info.parentType.name}.${info.fieldName}#${index}`,
    maxBatchSize: step.maxBatchSize,
    traceHeader: operation.headers['x-amzn-trace-id'],
  };
  if (!module) return { value: await callDirectly(deps, step, context, batch) };

  const request = runHandler(deps, run, () => module.request(context));
  if (request instanceof EarlyReturn) return request;
  try {
    context.result = await callDataSource(deps.lambda, step.dataSource, request as DataSourceRequest, batch);
  } catch (error) {
    if (!(error instanceof DataSourceError)) throw error;
    context.result = null;
    context.error = { message: error.message, type: error.type };
  }
  const response = runHandler(deps, run, () => module.response(context));
  return response instanceof EarlyReturn ? response : { value: response };
}

/** A direct Lambda resolver: the function gets the context, and its answer is the field's value. */
async function callDirectly(
  { lambda }: ResolverDeps,
  { dataSource, maxBatchSize }: ResolverStep,
  { arguments: args, source, identity, request, info, stash, prev }: ResolverContext,
  batch: Parameters<typeof callDataSource>[3],
): Promise<unknown> {
  const payload = { arguments: args, source, identity, request, info, stash, prev };
  const operation = maxBatchSize > 0 ? 'BatchInvoke' : 'Invoke';
  try {
    const answer = await callDataSource(lambda, dataSource, { operation, payload }, batch);
    return maxBatchSize > 0 ? unwrapBatchItem(answer) : answer;
  } catch (error) {
    if (error instanceof DataSourceError) throw new ResolverError(error.message, error.type);
    throw error;
  }
}

/** `{ data, errorMessage, errorType, errorInfo }` of one item. */
function unwrapBatchItem(item: unknown): unknown {
  if (typeof item !== 'object' || item === null) {
    throw new ResolverError(
      'A batch result must be an object with data or errorMessage.',
      'Lambda:IllegalArgument',
    );
  }
  const { data, errorMessage, errorType, errorInfo } = item as Record<string, unknown>;
  if (typeof errorMessage === 'string') {
    throw new ResolverError(errorMessage, typeof errorType === 'string' ? errorType : null, data, errorInfo);
  }
  return data ?? null;
}

/**
 * @throws {ResolverError} of `util.error`, or `Code` for anything else that the code runs into
 */
function runHandler(deps: ResolverDeps, run: HandlerRun, handler: () => unknown): unknown {
  try {
    return deps.runtime.run(run, handler);
  } catch (error) {
    if (error instanceof EarlyReturn) return error;
    if (error instanceof ResolverError) throw error;
    throw new ResolverError(error instanceof Error ? error.message : String(error), 'Code');
  }
}
