import { randomUUID } from 'node:crypto';
import { Problem } from '../problem.ts';
import type { TableName } from '../table-schema.ts';
import { callDynamo, DynamoRefusal } from './call.ts';
import { type Attributes, fromAttributes, type Item, type Key, toAttributes } from './item.ts';
import { type Expression, physicalTableName, placeholders } from './table.ts';

/** One action of a transaction. */
export type Write =
  | { kind: 'put'; table: TableName; item: Item & Key; condition?: Expression }
  | { kind: 'update'; table: TableName; key: Key; update: Expression; condition?: Expression }
  | { kind: 'delete'; table: TableName; key: Key; condition?: Expression }
  | { kind: 'check'; table: TableName; key: Key; condition: Expression };

/** AWS: at most 100 actions in one transaction. */
export const maxTransactionWrites = 100;

/** A transaction was refused: `failed` names the action whose condition did not hold, with the item as it stood. */
export class TransactionRefused extends Error {
  override readonly name = 'TransactionRefused';
  readonly failed: { index: number; current: Item | undefined }[];

  constructor(failed: { index: number; current: Item | undefined }[]) {
    super(`transaction refused by the conditions of actions ${failed.map(({ index }) => index).join(', ')}`);
    this.failed = failed;
  }
}

interface CancellationReason {
  Code?: string;
  Item?: Attributes;
}

const conflictAttempts = 8;

/** How a transaction of more than 4 MB is refused (AWS). */
const tooLarge = /4 ?MB|request size|exceeded the maximum/i;

/**
 * All or nothing, one TransactWriteItems call; tried again when another transaction touches the same items.
 * @throws {TransactionRefused} when a condition does not hold
 * @throws {Problem} `unavailable` when the contention does not end, `payload_too_large` above 4 MB
 */
export async function transactWrite(writes: Write[]): Promise<void> {
  const TransactItems = writes.map(toTransactItem);
  for (let attempt = 1; ; attempt += 1) {
    try {
      // The token makes the call safe to send again when its answer was lost (AWS keeps it ten minutes).
      await callDynamo('TransactWriteItems', { TransactItems, ClientRequestToken: randomUUID() });
      return;
    } catch (error) {
      if (!(error instanceof DynamoRefusal)) throw error;
      if (error.name === 'ValidationException' && tooLarge.test(error.message)) {
        throw new Problem(
          'payload_too_large',
          'More than fits into one transaction (4 MB); send fewer operations',
        );
      }
      if (error.name !== 'TransactionCanceledException') throw error;
      const reasons = (error.body.CancellationReasons ?? []) as CancellationReason[];
      const failed = reasons.flatMap((reason, index) =>
        reason.Code === 'ConditionalCheckFailed'
          ? [{ index, current: reason.Item && fromAttributes(reason.Item) }]
          : [],
      );
      if (failed.length > 0) throw new TransactionRefused(failed);
      const passing = reasons.some(
        ({ Code }) => Code === 'TransactionConflict' || Code === 'ThrottlingError',
      );
      if (!passing) throw error;
      if (attempt === conflictAttempts)
        throw new Problem('unavailable', 'The record is being written by many at once');
      // Full jitter: concurrent writers of one item must not meet again.
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 10 * 2 ** attempt));
    }
  }
}

function toTransactItem(write: Write): object {
  const TableName = physicalTableName(write.table);
  const guard = write.condition && {
    ConditionExpression: write.condition.text,
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
  };
  switch (write.kind) {
    case 'put':
      return {
        Put: { TableName, Item: toAttributes(write.item), ...guard, ...placeholders(write.condition) },
      };
    case 'update':
      return {
        Update: {
          TableName,
          Key: toAttributes({ ...write.key }),
          UpdateExpression: write.update.text,
          ...guard,
          ...placeholders(write.update, write.condition),
        },
      };
    case 'delete':
      return {
        Delete: {
          TableName,
          Key: toAttributes({ ...write.key }),
          ...guard,
          ...placeholders(write.condition),
        },
      };
    case 'check':
      return {
        ConditionCheck: {
          TableName,
          Key: toAttributes({ ...write.key }),
          ConditionExpression: write.condition.text,
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          ...placeholders(write.condition),
        },
      };
  }
}
