import { setTimeout as sleep } from 'node:timers/promises';
import type { FailureDestination } from '../lambda/failure-destination.ts';
import { AwsError, type InvocationResult, type LambdaService, type MetricSink } from '../types.ts';
import { failedItems } from './item-failures.ts';
import type { StreamMappingSettings } from './mapping-settings.ts';
import type { StreamRecord } from './stream-record.ts';

export interface StreamDeliveryDependencies {
  lambda: LambdaService;
  metrics: MetricSink;
  destination: FailureDestination;
  /** Milliseconds before the first retry of a batch that no longer gets smaller; it doubles up to `retryLimit`. */
  retryAfter: number;
  retryLimit: number;
  signal: AbortSignal;
  log(line: string): void;
}

interface Attempt {
  /** Index of the first record that is not done; the batch's length when all are. */
  failedFrom: number;
  result?: InvocationResult;
  /** The batch is more than an invocation takes, whatever the mapping says about halving. */
  tooLarge?: boolean;
}

/**
 * Gets batches of one shard through the function, whatever it takes: a batch that fails is halved until the
 * culprit stands alone, retried as often as the template says, and then left to the failure destination, so
 * that the shard goes on.
 */
export class StreamDelivery {
  readonly #settings: StreamMappingSettings;
  readonly #dependencies: StreamDeliveryDependencies;

  constructor(settings: StreamMappingSettings, dependencies: StreamDeliveryDependencies) {
    this.#settings = settings;
    this.#dependencies = dependencies;
  }

  /**
   * @param batch in the order of the shard
   * @param done called with records that need no further attempt; together they are the whole batch
   * @param attempts failed so far
   * @throws when the runtime stops; what was not reported as done is then delivered again by the next start
   */
  async deliver(
    shardId: string,
    batch: StreamRecord[],
    done: (records: StreamRecord[]) => void,
    attempts = 0,
  ): Promise<void> {
    let pending = batch;
    let last: InvocationResult | undefined;
    for (let failures = attempts; ; failures += 1) {
      pending = await this.#leaveExpired(shardId, pending, done, failures, last);
      if (pending.length === 0) return;
      const { failedFrom, result, tooLarge } = await this.#attempt(pending);
      last = result;
      done(pending.slice(0, failedFrom));
      pending = pending.slice(failedFrom);
      if (pending.length === 0) return;
      if ((this.#settings.bisects || tooLarge) && pending.length > 1) {
        // Halving is no retry: https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-errors.html
        const middle = Math.ceil(pending.length / 2);
        await this.deliver(shardId, pending.slice(0, middle), done, failures);
        await this.deliver(shardId, pending.slice(middle), done, failures);
        return;
      }
      const { maximumRetries } = this.#settings;
      if (maximumRetries >= 0 && failures >= maximumRetries) {
        await this.#leave(shardId, pending, 'RetryAttemptsExhausted', failures + 1, last);
        done(pending);
        return;
      }
      await this.#pause(failures);
    }
  }

  async #attempt(batch: StreamRecord[]): Promise<Attempt> {
    const { functionName, reportsItemFailures } = this.#settings;
    this.#reportAge(batch);
    for (;;) {
      try {
        const result = await this.#dependencies.lambda.invoke(functionName, { Records: batch });
        if (result.error) return { failedFrom: 0, result };
        if (!reportsItemFailures) return { failedFrom: batch.length };
        return { failedFrom: firstFailure(result.payload, batch), result };
      } catch (error) {
        this.#dependencies.signal.throwIfAborted();
        if (error instanceof AwsError && error.code === 'RequestTooLargeException') {
          return { failedFrom: 0, tooLarge: true };
        }
        // Throttled or not reachable: nothing has been attempted yet.
        await this.#pause(0);
      }
    }
  }

  async #leaveExpired(
    shardId: string,
    batch: StreamRecord[],
    done: (records: StreamRecord[]) => void,
    failures: number,
    last: InvocationResult | undefined,
  ): Promise<StreamRecord[]> {
    const { maximumAgeSeconds } = this.#settings;
    if (maximumAgeSeconds < 0) return batch;
    const oldest = Date.now() / 1000 - maximumAgeSeconds;
    const count = batch.findIndex(({ dynamodb }) => dynamodb.ApproximateCreationDateTime >= oldest);
    const expired = count < 0 ? batch : batch.slice(0, count);
    if (expired.length === 0) return batch;
    await this.#leave(shardId, expired, 'RecordAgeExceeded', failures, last);
    done(expired);
    return batch.slice(expired.length);
  }

  /** Sends the position of the records, as Lambda does: who looks into it reads them from the stream or table. */
  async #leave(
    shardId: string,
    records: StreamRecord[],
    condition: string,
    invocations: number,
    result: InvocationResult | undefined,
  ): Promise<void> {
    const { failureArn, functionName, sourceArn } = this.#settings;
    const [first, last] = [records[0]?.dynamodb, records.at(-1)?.dynamodb];
    this.#dependencies.log(
      `${functionName}: ${records.length} record(s) from ${first?.SequenceNumber} of ${sourceArn} given up (${condition})`,
    );
    if (!failureArn) return;
    const isoTime = (seconds = 0) => new Date(seconds * 1000).toISOString();
    const document = {
      requestContext: {
        requestId: result?.requestId ?? '',
        functionArn: functionName,
        condition,
        approximateInvokeCount: invocations,
      },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      version: '1.0',
      timestamp: new Date().toISOString(),
      DDBStreamBatchInfo: {
        shardId,
        startSequenceNumber: first?.SequenceNumber,
        endSequenceNumber: last?.SequenceNumber,
        approximateArrivalOfFirstRecord: isoTime(first?.ApproximateCreationDateTime),
        approximateArrivalOfLastRecord: isoTime(last?.ApproximateCreationDateTime),
        batchSize: records.length,
        streamArn: sourceArn,
      },
    };
    for (;;) {
      try {
        await this.#dependencies.destination.send(failureArn, document);
        return;
      } catch (error) {
        this.#dependencies.log(`${failureArn}: ${error}`);
        await this.#pause(10);
      }
    }
  }

  async #pause(failures: number): Promise<void> {
    const { retryAfter, retryLimit, signal } = this.#dependencies;
    await sleep(Math.min(retryAfter * 2 ** failures, retryLimit), undefined, { signal });
  }

  #reportAge(batch: StreamRecord[]): void {
    const created = batch.at(-1)?.dynamodb.ApproximateCreationDateTime ?? 0;
    this.#dependencies.metrics.put({
      namespace: 'AWS/Lambda',
      name: 'IteratorAge',
      dimensions: { FunctionName: this.#settings.functionName.split(':').at(-1) ?? '' },
      value: Math.max(0, Date.now() - created * 1000),
      unit: 'Milliseconds',
    });
  }
}

/** A stream is retried from the lowest failed record on, even where later ones passed. */
function firstFailure(payload: unknown, batch: StreamRecord[]): number {
  const numbers = batch.map(({ dynamodb }) => dynamodb.SequenceNumber);
  const failed = failedItems(payload, new Set(numbers));
  if (!failed) return 0;
  const lowest = numbers.findIndex((number) => failed.includes(number));
  return lowest < 0 ? batch.length : lowest;
}
