import { DatabaseSync } from 'node:sqlite';
import { type AwsClient, AwsError, type Service } from '../types.ts';

/** Deletes items whose time to live is over, which dynoxide leaves to us. */
export interface ExpiredItems extends Service {
  /** @param attribute number attribute with epoch seconds */
  watch(tableName: string, attribute: string): void;
  stop(): Promise<void>;
}

/** DynamoDB itself takes up to two days, so there is no hurry: some rows per second, a table after the other. */
const intervalMs = 1000;
const rowsPerStep = 500;

interface Row {
  rowid: number;
  item: string;
}

/** @param databasePath dynoxide's file, read beside it; deletions go through its API, so streams show them */
export function sweepExpiredItems(databasePath: string, aws: AwsClient): ExpiredItems {
  const database = new DatabaseSync(databasePath, { readOnly: true, timeout: 100 });
  const watched: { tableName: string; attribute: string; position: number }[] = [];
  let turn = 0;
  const timer = setInterval(() => {
    step().catch(() => {
      // Busy or restarting: the next step comes soon.
    });
  }, intervalMs);
  timer.unref();

  return {
    watch(tableName, attribute) {
      watched.push({ tableName, attribute, position: 0 });
    },
    async stop() {
      clearInterval(timer);
      database.close();
    },
  };

  async function step(): Promise<void> {
    const table = watched[turn % watched.length];
    if (table === undefined) return;
    const { tableName, attribute } = table;
    const name = tableName.replaceAll('"', '""');
    const select = `SELECT rowid, item_json AS item FROM "${name}" WHERE rowid > ? ORDER BY rowid LIMIT ${rowsPerStep}`;
    const rows = database.prepare(select).all(table.position) as unknown as Row[];
    table.position = rows.length < rowsPerStep ? 0 : (rows.at(-1)?.rowid ?? 0);
    if (table.position === 0) turn += 1;
    const now = Math.floor(Date.now() / 1000);
    // The time stands as {"N":"…"}; most rows have none, and looking for its name is cheaper than parsing.
    for (const { item } of rows.filter((row) => row.item.includes(`"${attribute}":{"N"`))) {
      const values = JSON.parse(item) as Record<string, { N?: string }>;
      const expires = Number(values[attribute]?.N);
      if (expires > 0 && expires < now) await remove(tableName, attribute, values, now);
    }
  }

  async function remove(
    tableName: string,
    attribute: string,
    item: Record<string, unknown>,
    now: number,
  ): Promise<void> {
    const keys = await keysOf(tableName);
    try {
      await aws.call('dynamodb', 'DeleteItem', {
        TableName: tableName,
        Key: Object.fromEntries(keys.map((key) => [key, item[key]])),
        ConditionExpression: '#ttl < :now',
        ExpressionAttributeNames: { '#ttl': attribute },
        ExpressionAttributeValues: { ':now': { N: String(now) } },
      });
    } catch (error) {
      // Written again meanwhile: it lives on.
      if (!(error instanceof AwsError) || error.code !== 'ConditionalCheckFailedException') throw error;
    }
  }

  async function keysOf(tableName: string): Promise<string[]> {
    const { Table } = await aws.call('dynamodb', 'DescribeTable', { TableName: tableName });
    return (Table as { KeySchema: { AttributeName: string }[] }).KeySchema.map((key) => key.AttributeName);
  }
}
