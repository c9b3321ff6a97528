import type { MetricSink } from '../types.ts';

/** What is known of one queue at one moment. */
export interface QueueSample {
  queueName: string;
  visible: number;
  notVisible: number;
  delayed: number;
  /** Of the oldest message that is not deleted; 0 when there is none, absent when the engine does not tell. */
  oldestMessageAgeSeconds?: number;
  /** Since the previous sample; absent when the engine does not count. */
  sent?: number;
  received?: number;
  deleted?: number;
}

/** AWS/SQS, as the queues themselves report once a minute; here at each sample. */
export function putQueueMetrics(sink: MetricSink, samples: readonly QueueSample[]): void {
  for (const sample of samples) {
    const put = (name: string, value: number | undefined, unit: string): void => {
      if (value === undefined) return;
      sink.put({ namespace: 'AWS/SQS', name, dimensions: { QueueName: sample.queueName }, value, unit });
    };
    put('ApproximateNumberOfMessagesVisible', sample.visible, 'Count');
    put('ApproximateNumberOfMessagesNotVisible', sample.notVisible, 'Count');
    put('ApproximateNumberOfMessagesDelayed', sample.delayed, 'Count');
    put('ApproximateAgeOfOldestMessage', sample.oldestMessageAgeSeconds, 'Seconds');
    put('NumberOfMessagesSent', sample.sent, 'Count');
    put('NumberOfMessagesReceived', sample.received, 'Count');
    put('NumberOfMessagesDeleted', sample.deleted, 'Count');
  }
}
