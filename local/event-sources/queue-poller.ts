import { setTimeout as sleep } from 'node:timers/promises';
import { type AwsClient, AwsError, type LambdaService } from '../types.ts';
import { failedItems } from './item-failures.ts';
import type { QueueMappingSettings } from './mapping-settings.ts';
import { filterableRecord, queueRecord, type ReceivedMessage } from './queue-event.ts';

export interface QueuePollerDependencies {
  aws: AwsClient;
  lambda: LambdaService;
  queueUrl: string;
  /**
   * Milliseconds after which a failed message is visible again. In the cloud that is the queue's visibility
   * timeout, several minutes; see `local-retry.ts`.
   */
  retryAfter: number;
  log(line: string): void;
}

/** SQS's own limits. */
const largestReceive = 10;
const longestPollSeconds = 20;

/** How long a stop waits for running invocations, in milliseconds. */
const stopPatience = 5_000;

/** Feeds a function from a queue: one long poll, several batches in work. */
export class QueuePoller {
  readonly #settings: QueueMappingSettings;
  readonly #dependencies: QueuePollerDependencies;
  readonly #stop = new AbortController();
  readonly #inWork = new Set<Promise<void>>();
  #loop: Promise<void> | undefined;

  constructor(settings: QueueMappingSettings, dependencies: QueuePollerDependencies) {
    this.#settings = settings;
    this.#dependencies = dependencies;
  }

  start(): void {
    this.#loop ??= this.#poll();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
    await Promise.race([Promise.all(this.#inWork), sleep(stopPatience, undefined, { ref: false })]);
  }

  async #poll(): Promise<void> {
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      try {
        const messages = await this.#gather();
        failures = 0;
        if (messages.length > 0) this.#begin(messages);
        while (this.#inWork.size >= this.#settings.maximumConcurrency) await Promise.race(this.#inWork);
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        failures += 1;
        if (failures === 1) this.#dependencies.log(`${this.#settings.sourceArn}: ${error}`);
        await sleep(1000, undefined, { signal: this.#stop.signal }).catch(() => {});
      }
    }
  }

  /** A batch: the first receive that has something, and what comes until the batch or its window is full. */
  async #gather(): Promise<ReceivedMessage[]> {
    const { batchSize, batchingWindowSeconds } = this.#settings;
    const messages = await this.#receive(batchSize, longestPollSeconds);
    const closes = Date.now() + batchingWindowSeconds * 1000;
    while (messages.length > 0 && messages.length < batchSize && Date.now() < closes) {
      const wait = Math.min(longestPollSeconds, Math.ceil((closes - Date.now()) / 1000));
      messages.push(...(await this.#receive(batchSize - messages.length, wait)));
    }
    return messages;
  }

  async #receive(wanted: number, waitSeconds: number): Promise<ReceivedMessage[]> {
    const answer = await this.#call(
      'ReceiveMessage',
      {
        MaxNumberOfMessages: Math.min(wanted, largestReceive),
        WaitTimeSeconds: waitSeconds,
        MessageSystemAttributeNames: ['All'],
        MessageAttributeNames: ['All'],
      },
      this.#stop.signal,
    );
    return (answer.Messages ?? []) as ReceivedMessage[];
  }

  #begin(messages: ReceivedMessage[]): void {
    const work = this.#process(messages)
      .catch((error: unknown) => this.#dependencies.log(`${this.#settings.sourceArn}: ${error}`))
      .finally(() => this.#inWork.delete(work));
    this.#inWork.add(work);
  }

  async #process(messages: ReceivedMessage[]): Promise<void> {
    const { filter, sourceArn } = this.#settings;
    const wanted = messages.filter((message) => filter(filterableRecord(message, sourceArn)));
    // Lambda deletes what its filter drops.
    const unwanted = messages.filter((message) => !wanted.includes(message));
    const failed = wanted.length > 0 ? await this.#deliver(wanted) : [];
    await this.#delete([...unwanted, ...wanted.filter((message) => !failed.includes(message))]);
    await this.#retryLater(failed);
  }

  /** @returns the messages that failed */
  async #deliver(messages: ReceivedMessage[]): Promise<ReceivedMessage[]> {
    const { functionName, sourceArn, reportsItemFailures } = this.#settings;
    try {
      const Records = messages.map((message) => queueRecord(message, sourceArn));
      const { error, payload } = await this.#dependencies.lambda.invoke(functionName, { Records });
      if (error) return messages;
      if (!reportsItemFailures) return [];
      const ids = failedItems(payload, new Set(messages.map(({ MessageId }) => MessageId)));
      return ids ? messages.filter(({ MessageId }) => ids.includes(MessageId)) : messages;
    } catch (error) {
      if (error instanceof AwsError && error.code === 'RequestTooLargeException' && messages.length > 1) {
        const middle = messages.length >> 1;
        return [
          ...(await this.#deliver(messages.slice(0, middle))),
          ...(await this.#deliver(messages.slice(middle))),
        ];
      }
      // Throttled, or the runtime stops: the messages come again.
      return messages;
    }
  }

  async #delete(messages: ReceivedMessage[]): Promise<void> {
    for (const Entries of entries(messages)) await this.#call('DeleteMessageBatch', { Entries });
  }

  async #retryLater(messages: ReceivedMessage[]): Promise<void> {
    const VisibilityTimeout = Math.ceil(this.#dependencies.retryAfter / 1000);
    for (const batch of entries(messages)) {
      const Entries = batch.map((entry) => ({ ...entry, VisibilityTimeout }));
      await this.#call('ChangeMessageVisibilityBatch', { Entries });
    }
  }

  #call(operation: string, input: object, signal?: AbortSignal): Promise<Record<string, unknown>> {
    const { aws, queueUrl } = this.#dependencies;
    return aws.call('sqs', operation, { QueueUrl: queueUrl, ...input }, signal);
  }
}

function* entries(messages: ReceivedMessage[]): Generator<{ Id: string; ReceiptHandle: string }[]> {
  for (let i = 0; i < messages.length; i += largestReceive) {
    yield messages
      .slice(i, i + largestReceive)
      .map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
  }
}
