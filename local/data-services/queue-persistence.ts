import type { DatabaseSync, StatementSync } from 'node:sqlite';
// fauxqs exports its front only; what lies behind is addressed by path.
import { PersistenceManager } from '../../node_modules/fauxqs/dist/persistence.js';
import type { SqsQueue } from '../../node_modules/fauxqs/dist/sqs/sqsStore.js';

/** fauxqs' SQLite file, with what a crash and a short visibility timeout need and 2.4.1 does not do. */
export class QueuePersistence extends PersistenceManager {
  readonly #database: DatabaseSync;
  readonly #makeReady: StatementSync;

  constructor(directory: string) {
    super(directory);
    this.#database = (this as unknown as { db: DatabaseSync }).db;
    // Like dynoxide: what is committed survives the end of this process without waiting for the disk.
    this.#database.exec('PRAGMA synchronous = NORMAL');
    this.#makeReady = this.#database.prepare(
      'UPDATE sqs_messages SET receipt_handle = NULL, visibility_deadline = NULL WHERE message_id = ?',
    );
  }

  /** The original sets the receive count to NULL, which the column refuses, and the message is gone from memory. */
  override updateMessageReady(messageId: string): void {
    this.#makeReady.run(messageId);
  }

  /**
   * Makes each receive one transaction: a message that moves to the dead-letter queue is deleted here and inserted
   * there, and a crash between the two must not lose it.
   */
  attach(queue: SqsQueue): void {
    queue.persistence = this;
    const receive = queue.dequeue.bind(queue);
    queue.dequeue = (...parameters) => {
      this.#database.exec('BEGIN');
      try {
        return receive(...parameters);
      } finally {
        this.#database.exec('COMMIT');
      }
    };
  }
}
