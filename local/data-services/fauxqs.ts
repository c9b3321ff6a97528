import { buildApp } from 'fauxqs';
import { S3Store } from '../../node_modules/fauxqs/dist/s3/s3Store.js';
import { SnsStore } from '../../node_modules/fauxqs/dist/sns/snsStore.js';
import { SqsStore } from '../../node_modules/fauxqs/dist/sqs/sqsStore.js';
import { makeFair, showUnfinished } from '../fair-queues/make-fair.ts';
import { watchGroups } from '../fair-queues/message-groups.ts';
import type { Service } from '../types.ts';
import { QueuePersistence } from './queue-persistence.ts';

/** SQS, SNS and S3, in this process. */
export interface Fauxqs extends Service {
  /** `http://127.0.0.1:<port>` */
  url: string;
  /** Seconds since the oldest message that is not deleted was sent; 0 for an empty queue. */
  oldestMessageAge(queueName: string): number;
  stop(): Promise<void>;
}

/**
 * Starts fauxqs with everything it holds in one SQLite file. It is put together here as its own `startFauxqs` does
 * it, because that one listens on all interfaces and the local run must not be reachable from outside.
 */
export async function startFauxqs(directory: string, region: string): Promise<Fauxqs> {
  const persistence = new QueuePersistence(directory);
  const stores = { sqsStore: new SqsStore(), snsStore: new SnsStore(), s3Store: new S3Store() };
  // Loading comes first: stores that write through would write everything again.
  persistence.load(stores.sqsStore, stores.snsStore, stores.s3Store);
  const app = buildApp({ logger: false, defaultRegion: region, stores });
  const groups = watchGroups(app);
  for (const queue of stores.sqsStore.allQueues()) {
    makeFair(queue, groups);
    persistence.attach(queue);
    showUnfinished(queue);
  }
  for (const store of Object.values(stores)) store.persistence = persistence;
  const create = stores.sqsStore.createQueue.bind(stores.sqsStore);
  stores.sqsStore.createQueue = (...parameters) => {
    const queue = create(...parameters);
    makeFair(queue, groups);
    persistence.attach(queue);
    return queue;
  };

  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return {
    url,
    oldestMessageAge(queueName) {
      const {
        ready = [],
        delayed = [],
        inflight = [],
      } = stores.sqsStore.getQueueByName(queueName)?.inspectMessages() ?? {};
      const messages = [...ready, ...delayed, ...inflight.map(({ message }) => message)];
      const oldest = messages.reduce(
        (least, { sentTimestamp }) => Math.min(least, sentTimestamp),
        Date.now(),
      );
      return Math.round((Date.now() - oldest) / 1000);
    },
    async stop() {
      await app.close();
      persistence.close();
    },
  };
}
