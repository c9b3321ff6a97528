import { Duration } from 'aws-cdk-lib';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { timeouts } from './function.ts';
import { physicalName, type Stage } from './stage.ts';

/** A queue with the dead-letter queue behind it. */
export interface WorkQueue {
  queue: Queue;
  deadLetters: Queue;
}

/**
 * Work queues and the failure queues of the stream and the schedule.
 * Standard queues become fair by their senders: each message carries `MessageGroupId` = tenant.
 */
export class Queues extends Construct {
  /** Tasks for the runner by their priority: a queue each, so that a backlog of one never delays another. */
  readonly runnerHigh: WorkQueue;
  readonly runner: WorkQueue;
  readonly runnerLow: WorkQueue;
  readonly webhooks: WorkQueue;
  /** Where the position of a stream batch goes that `changes` could not process. */
  readonly changesFailures: Queue;
  /** Where a clock tick goes that could not be delivered or failed. */
  readonly clockFailures: Queue;
  readonly #stage: Stage;

  constructor(scope: Construct, id: string, stage: Stage) {
    super(scope, id);
    this.#stage = stage;
    // Failures are tried again after 2, 4, 8 … 300 s: thirteen minutes in all, so that an outage of a table or
    // queue does not put the tasks of everybody into the dead-letter queue.
    const receives = 10;
    this.runnerHigh = this.#workQueue('runner-high', timeouts.runner, receives);
    this.runner = this.#workQueue('runner', timeouts.runner, receives);
    this.runnerLow = this.#workQueue('runner-low', timeouts.runner, receives);
    this.webhooks = this.#workQueue('webhooks', timeouts.webhooks, 5);
    this.changesFailures = this.#queue('changes-dlq', { retentionPeriod: Duration.days(14) });
    this.clockFailures = this.#queue('clock-dlq', { retentionPeriod: Duration.days(14) });
  }

  /** Every queue that collects failures; each has an alarm on its depth. */
  get failureQueues(): Record<string, Queue> {
    return {
      ...Object.fromEntries(
        Object.entries(this.workQueues).map(([name, { deadLetters }]) => [`${name}-dlq`, deadLetters]),
      ),
      'changes-dlq': this.changesFailures,
      'clock-dlq': this.clockFailures,
    };
  }

  get workQueues(): Record<string, WorkQueue> {
    return { ...this.runnerQueues, webhooks: this.webhooks };
  }

  /** The runner's queues, by name. */
  get runnerQueues(): Record<'runner-high' | 'runner' | 'runner-low', WorkQueue> {
    return { 'runner-high': this.runnerHigh, runner: this.runner, 'runner-low': this.runnerLow };
  }

  #workQueue(name: string, consumerTimeout: Duration, maxReceiveCount: number): WorkQueue {
    const deadLetters = this.#queue(`${name}-dlq`, { retentionPeriod: Duration.days(14) });
    const queue = this.#queue(name, {
      // Lambda's advice: six times the function's timeout, so that a throttled batch is not received twice.
      visibilityTimeout: Duration.seconds(6 * consumerTimeout.toSeconds()),
      retentionPeriod: Duration.days(4),
      receiveMessageWaitTime: Duration.seconds(20),
      deadLetterQueue: { queue: deadLetters, maxReceiveCount },
    });
    return { queue, deadLetters };
  }

  #queue(name: string, props: ConstructorParameters<typeof Queue>[2]): Queue {
    return new Queue(this, name, {
      queueName: physicalName(this.#stage, name),
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      ...props,
    });
  }
}
