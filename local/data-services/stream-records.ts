import { DatabaseSync } from 'node:sqlite';
import type { Service, StreamTrimmer } from '../types.ts';

/** The stream records in dynoxide's own database. */
export interface StreamRecords extends StreamTrimmer, Service {
  stop(): Promise<void>;
}

/** Consumed records are freed in passes this far apart; each pass is one short write transaction. */
const trimIntervalMs = 2000;
/** Of one pass and table; keeps the pass, which blocks other writers, near a millisecond or two. */
const trimBatch = 500;

/**
 * Opens dynoxide's database beside it, to do two things that it leaves to us.
 *
 * It finds each record's sequence number by scanning all of them, so writes slow down as the stream grows: two
 * indexes on its own expressions make that a lookup. And it keeps records forever: those that every consumer has
 * read are deleted, all but the newest, from which the next sequence number is made.
 */
export function openStreamRecords(databasePath: string): StreamRecords {
  // Short: this thread serves requests; a pass that finds the database busy comes again.
  const database = new DatabaseSync(databasePath, { timeout: 100 });
  database.exec(`
    CREATE INDEX IF NOT EXISTS tandem_stream_sequence
      ON _stream_records(table_name, CAST(sequence_number AS INTEGER));
    CREATE INDEX IF NOT EXISTS tandem_stream_position
      ON _stream_records(table_name, shard_id, CAST(sequence_number AS INTEGER));`);
  const remove = database.prepare(`
    DELETE FROM _stream_records WHERE id IN (
      SELECT id FROM _stream_records
      WHERE table_name = ? AND CAST(sequence_number AS INTEGER) < ?
      ORDER BY CAST(sequence_number AS INTEGER) LIMIT ${trimBatch})`);

  const consumed = new Map<string, string>();
  const timer = setInterval(pass, trimIntervalMs);
  timer.unref();

  return {
    trim(tableName, sequenceNumber) {
      consumed.set(tableName, sequenceNumber);
    },
    async stop() {
      clearInterval(timer);
      database.close();
    },
  };

  function pass(): void {
    for (const [tableName, sequenceNumber] of consumed) {
      try {
        const { changes } = remove.run(tableName, Number(sequenceNumber));
        if (Number(changes) < trimBatch) consumed.delete(tableName);
      } catch {
        // Busy: dynoxide is in a transaction. The next pass tries again.
      }
    }
  }
}
