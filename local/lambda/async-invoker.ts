import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { parseProperties } from '../parse-properties.ts';
import { AwsError, type InvocationResult, type MetricSink, type ResolvedResource } from '../types.ts';
import { type FailureDestination, requireQueueArn } from './failure-destination.ts';
import type { FunctionSettings } from './function-settings.ts';

const properties = z.strictObject({
  FunctionName: z.string(),
  Qualifier: z.literal('$LATEST'),
  MaximumRetryAttempts: z.coerce.number().int().min(0).max(2).default(2),
  MaximumEventAgeInSeconds: z.coerce.number().int().min(60).max(21_600).default(21_600),
  DestinationConfig: z.strictObject({ OnFailure: z.strictObject({ Destination: z.string() }) }).optional(),
});

/** How asynchronous events of a function are retried: `AWS::Lambda::EventInvokeConfig` or Lambda's defaults. */
export interface AsyncSettings {
  retries: number;
  maximumAgeSeconds: number;
  failureArn?: string;
}

export const defaultAsyncSettings: AsyncSettings = { retries: 2, maximumAgeSeconds: 21_600 };

/** @throws {Error} for a configuration that the runtime cannot honour */
export function readAsyncSettings({ properties: given }: ResolvedResource): {
  functionName: string;
  settings: AsyncSettings;
} {
  const { FunctionName, MaximumRetryAttempts, MaximumEventAgeInSeconds, DestinationConfig } = parseProperties(
    properties,
    given,
  );
  const failureArn = DestinationConfig?.OnFailure.Destination;
  if (failureArn) requireQueueArn(failureArn, 'OnFailure destination');
  return {
    functionName: FunctionName,
    settings: { retries: MaximumRetryAttempts, maximumAgeSeconds: MaximumEventAgeInSeconds, failureArn },
  };
}

export interface AsyncInvokerDependencies {
  invoke(functionName: string, payload: unknown, traceHeader?: string): Promise<InvocationResult>;
  destination: FailureDestination;
  metrics: MetricSink;
  /** Milliseconds before the first retry; the second waits twice as long. */
  retryAfter: number;
  log(line: string): void;
}

/**
 * Asynchronous invocations (`Event`): accepted at once, retried after function errors and throttling, then sent
 * to the failure destination and the dead-letter queue. Events live in memory; a stop drops what waits.
 */
export class AsyncInvoker {
  readonly #dependencies: AsyncInvokerDependencies;
  readonly #stop = new AbortController();

  constructor(dependencies: AsyncInvokerDependencies) {
    this.#dependencies = dependencies;
  }

  submit(target: FunctionSettings, settings: AsyncSettings, payload: unknown, traceHeader?: string): void {
    this.#count(target, 'AsyncEventsReceived');
    this.#process(target, settings, payload, traceHeader).catch((error: unknown) => {
      if (!this.#stop.signal.aborted) this.#dependencies.log(`${target.name}: event lost: ${error}`);
    });
  }

  stop(): void {
    this.#stop.abort();
  }

  async #process(
    target: FunctionSettings,
    settings: AsyncSettings,
    payload: unknown,
    traceHeader: string | undefined,
  ): Promise<void> {
    const expires = Date.now() + settings.maximumAgeSeconds * 1000;
    let result: InvocationResult | undefined;
    let attempts = 0;
    for (let delay = this.#dependencies.retryAfter; ; delay *= 2) {
      result = await this.#attempt(target, payload, traceHeader);
      // A throttled event has not been tried; it waits as long as its age allows.
      if (result) attempts += 1;
      if (result && !result.error) return;
      if (attempts > settings.retries || Date.now() + delay > expires) break;
      await sleep(delay, undefined, { signal: this.#stop.signal });
    }
    await this.#giveUp(target, settings, payload, attempts, result);
  }

  async #attempt(
    target: FunctionSettings,
    payload: unknown,
    traceHeader?: string,
  ): Promise<InvocationResult | undefined> {
    try {
      return await this.#dependencies.invoke(target.name, payload, traceHeader);
    } catch (error) {
      if (error instanceof AwsError && error.status === 429) return undefined;
      throw error;
    }
  }

  /** The documents are Lambda's: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html */
  async #giveUp(
    target: FunctionSettings,
    { retries, failureArn }: AsyncSettings,
    payload: unknown,
    attempts: number,
    result: InvocationResult | undefined,
  ): Promise<void> {
    const { destination } = this.#dependencies;
    const error = result?.error && {
      errorType: result.error.errorType,
      errorMessage: result.error.errorMessage,
    };
    if (failureArn) {
      await destination.send(failureArn, {
        version: '1.0',
        timestamp: new Date().toISOString(),
        requestContext: {
          requestId: result?.requestId ?? '',
          functionArn: `${target.arn}:$LATEST`,
          condition: attempts > retries ? 'RetriesExhausted' : 'EventAgeExceeded',
          approximateInvokeCount: attempts,
        },
        requestPayload: payload,
        responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
        responsePayload: error ?? null,
      });
    }
    if (target.deadLetterArn) {
      await destination.send(target.deadLetterArn, payload, {
        RequestID: result?.requestId ?? '-',
        ErrorCode: '200',
        ErrorMessage: (error?.errorMessage ?? 'throttled').slice(0, 1024) || '-',
      });
    }
    if (!failureArn && !target.deadLetterArn) this.#count(target, 'AsyncEventsDropped');
  }

  #count(target: FunctionSettings, name: string): void {
    const dimensions = { FunctionName: target.name };
    this.#dependencies.metrics.put({ namespace: 'AWS/Lambda', name, dimensions, value: 1, unit: 'Count' });
  }
}
