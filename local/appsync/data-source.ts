import { authorize } from '../aws-endpoint/authorize.ts';
import { AwsError, type LambdaService } from '../types.ts';
import type { BatchQueue } from './batch-queue.ts';
import type { DataSource } from './graphql-api.ts';

/** What a data source says no with; becomes `ctx.error`. */
export class DataSourceError extends Error {
  override readonly name = 'DataSourceError';
  /** `Lambda:Unhandled`, `Lambda:IllegalArgument` */
  readonly type: string;

  constructor(type: string, message: string) {
    super(message);
    this.type = type;
  }
}

/** What a request handler returns for a Lambda data source. */
export interface DataSourceRequest {
  operation?: unknown;
  payload?: unknown;
  invocationType?: unknown;
}

/** Who asks: siblings of the same resolver may share an invocation. */
export interface BatchOptions {
  queue: BatchQueue;
  key: string;
  /** The resolver's `MaxBatchSize`; 0 means AppSync's default for BatchInvoke. */
  maxBatchSize: number;
  /** `X-Amzn-Trace-Id` of the GraphQL request: its calls belong to that trace. */
  traceHeader?: string;
}

/** https://docs.aws.amazon.com/appsync/latest/devguide/tutorial-lambda-resolvers-js.html */
const DEFAULT_BATCH_SIZE = 5;

/**
 * Runs one request.
 *
 * @throws {DataSourceError}
 */
export async function callDataSource(
  lambda: LambdaService,
  source: DataSource,
  request: DataSourceRequest | null | undefined,
  batch: BatchOptions,
): Promise<unknown> {
  if (source.type === 'NONE') return request?.payload ?? null;
  const { operation = 'Invoke', payload, invocationType = 'RequestResponse' } = request ?? {};
  if (operation === 'Invoke') {
    if (invocationType === 'Event') {
      await guarded(source, () => lambda.invokeAsync(source.functionArn, payload));
      return null;
    }
    return invoke(lambda, source, payload, batch.traceHeader);
  }
  if (operation !== 'BatchInvoke') {
    throw new DataSourceError(
      'MappingTemplate',
      `Value for field '$[operation]' not supported: ${String(operation)}`,
    );
  }
  return batch.queue.add(batch.key, batch.maxBatchSize || DEFAULT_BATCH_SIZE, payload, async (payloads) => {
    const answers = await invoke(lambda, source, payloads, batch.traceHeader);
    if (Array.isArray(answers) && answers.length === payloads.length) return answers;
    throw new DataSourceError(
      'Lambda:IllegalArgument',
      `The function must answer a batch of ${payloads.length} with a list of as many results.`,
    );
  });
}

type LambdaSource = Extract<DataSource, { type: 'AWS_LAMBDA' }>;

async function invoke(
  lambda: LambdaService,
  source: LambdaSource,
  payload: unknown,
  traceHeader: string | undefined,
): Promise<unknown> {
  const result = await guarded(source, () =>
    lambda.invoke(source.functionArn, payload ?? null, { traceHeader }),
  );
  if (result.error) throw new DataSourceError('Lambda:Unhandled', result.error.errorMessage);
  return result.payload ?? null;
}

/** Under the data source's role, with Lambda's own refusals as AppSync names them. */
async function guarded<T>({ functionArn, serviceRoleArn }: LambdaSource, call: () => Promise<T>): Promise<T> {
  const principal = { roleArn: serviceRoleArn };
  const decision = authorize({ principal, action: 'lambda:InvokeFunction', resource: functionArn });
  if (!decision.allowed) throw new DataSourceError('Lambda:AccessDeniedException', decision.reason);
  try {
    return await call();
  } catch (error) {
    if (error instanceof AwsError) throw new DataSourceError(`Lambda:${error.code}`, error.message);
    throw error;
  }
}
