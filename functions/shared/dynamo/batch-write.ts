import { mapConcurrently } from '../map-concurrently.ts';
import { Problem } from '../problem.ts';
import type { TableName } from '../table-schema.ts';
import { callDynamo } from './call.ts';
import { type Attributes, type Item, type Key, toAttributes } from './item.ts';
import { physicalTableName } from './table.ts';

/** A write without a condition. */
export type PlainWrite = { put: Item & Key } | { remove: Key };

interface BatchAnswer {
  UnprocessedItems?: Record<string, object[]>;
}

/** AWS: writes of one BatchWriteItem. */
const writesPerBatch = 25;
const batchesAtOnce = 8;
const attempts = 8;

/**
 * Puts and deletes in any order, one BatchWriteItem for each twenty-five; of two writes of one item the later counts.
 * @throws {Problem} `unavailable` when DynamoDB keeps leaving writes out; any part of them may have happened
 */
export async function batchWriteItems(table: TableName, writes: readonly PlainWrite[]): Promise<void> {
  const byKey = new Map(writes.map((write) => [nameOf(write), write]));
  const requests = [...byKey.values()].map(toRequest);
  const batches = Array.from({ length: Math.ceil(requests.length / writesPerBatch) }, (_, at) =>
    requests.slice(at * writesPerBatch, (at + 1) * writesPerBatch),
  );
  await mapConcurrently(batches, batchesAtOnce, (batch) => writeBatch(physicalTableName(table), batch));
}

/** DynamoDB leaves writes out when a partition is busy: they are sent again. */
async function writeBatch(name: string, batch: object[]): Promise<void> {
  let pending = batch;
  for (let attempt = 1; ; attempt += 1) {
    const answer = await callDynamo<BatchAnswer>('BatchWriteItem', { RequestItems: { [name]: pending } });
    pending = answer.UnprocessedItems?.[name] ?? [];
    if (pending.length === 0) return;
    if (attempt === attempts) throw new Problem('unavailable', 'The database is busy; try again');
    // Full jitter, 20 ms at first and 1.3 s before the last attempt at most.
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 10 * 2 ** attempt));
  }
}

function nameOf(write: PlainWrite): string {
  const { pk, sk } = 'put' in write ? write.put : write.remove;
  return `${pk} ${sk}`;
}

function toRequest(
  write: PlainWrite,
): { PutRequest: { Item: Attributes } } | { DeleteRequest: { Key: Attributes } } {
  return 'put' in write
    ? { PutRequest: { Item: toAttributes(write.put) } }
    : { DeleteRequest: { Key: toAttributes({ ...write.remove }) } };
}
