import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { type Item, type Key, toAttributes } from '../../functions/shared/dynamo/item.ts';
import type { TableName } from '../../functions/shared/table-schema.ts';

/** An item for the table of a stack that is not running. */
export interface SeedItem {
  table: TableName;
  item: Item & Key;
}

interface GsiDefinition {
  IndexName: string;
  KeySchema: { AttributeName: string; KeyType: 'HASH' | 'RANGE' }[];
}

/** One index of a table: its key attributes and the statement that adds a row. */
interface IndexWriter {
  pk: string;
  sk: string;
  insert: StatementSync;
}

interface TableWriter {
  insert: StatementSync;
  indexes: IndexWriter[];
}

const rowsPerTransaction = 20_000;

/**
 * Writes items straight into the file of the local database, as it would have written them itself, and leaves its
 * stream alone: a million calls would take an hour, and what a stream tells of yesterday has long been followed.
 */
export function seedItems(dataDir: string, items: Iterable<SeedItem>): void {
  const database = new DatabaseSync(join(dataDir, 'dynamodb', 'dynamodb.sqlite'));
  try {
    database.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000; BEGIN');
    const writers = new Map<TableName, TableWriter>();
    let rows = 0;
    for (const { table, item } of items) {
      const writer = writers.get(table) ?? tableWriter(database, table);
      writers.set(table, writer);
      writeItem(writer, item);
      rows += 1;
      if (rows % rowsPerTransaction === 0) database.exec('COMMIT; BEGIN');
    }
    database.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE); ANALYZE');
  } finally {
    database.close();
  }
}

function writeItem({ insert, indexes }: TableWriter, item: Item & Key): void {
  const json = JSON.stringify(toAttributes(item));
  insert.run(key(item.pk), key(item.sk), json, json.length);
  for (const { pk, sk, insert: insertRow } of indexes) {
    if (item[pk] === undefined || item[sk] === undefined) continue;
    insertRow.run(key(item[pk]), key(item[sk]), key(item.pk), key(item.sk), json);
  }
}

/** Keys carry their type. */
const key = (value: unknown) => `S:${String(value)}`;

function tableWriter(database: DatabaseSync, table: TableName): TableWriter {
  const row = database
    .prepare('SELECT table_name AS name, gsi_definitions AS gsis FROM _tables WHERE table_name LIKE ?')
    .get(`%-${table}`) as { name: string; gsis: string | null };
  const definitions = JSON.parse(row.gsis ?? '[]') as GsiDefinition[];
  return {
    insert: database.prepare(`INSERT INTO "${row.name}" (pk, sk, item_json, item_size) VALUES (?, ?, ?, ?)`),
    indexes: definitions.map(({ IndexName, KeySchema }) => ({
      pk: KeySchema.find(({ KeyType }) => KeyType === 'HASH')?.AttributeName ?? '',
      sk: KeySchema.find(({ KeyType }) => KeyType === 'RANGE')?.AttributeName ?? '',
      insert: database.prepare(
        `INSERT INTO "${row.name}::gsi::${IndexName}" (gsi_pk, gsi_sk, table_pk, table_sk, item_json) VALUES (?, ?, ?, ?, ?)`,
      ),
    })),
  };
}
