import type { TableName } from '../table-schema.ts';
import type { Item, Key } from './item.ts';
import { batchGetItems, getItem } from './table.ts';

interface Asked {
  key: Key;
  resolve(item: Item | undefined): void;
  reject(error: unknown): void;
}

const waiting = new Map<TableName, Asked[]>();

/**
 * One item, consistently. What is asked for in the same moment, as for the records of a batch, is read by one
 * BatchGetItem for each hundred keys; one that is alone by a GetItem.
 */
export function readTogether(table: TableName, key: Key): Promise<Item | undefined> {
  return new Promise((resolve, reject) => {
    const asked = waiting.get(table);
    if (asked) asked.push({ key, resolve, reject });
    else {
      waiting.set(table, [{ key, resolve, reject }]);
      // After everything that can go on has asked for what it needs.
      setImmediate(() => void readAll(table));
    }
  });
}

async function readAll(table: TableName): Promise<void> {
  const asked = waiting.get(table) ?? [];
  waiting.delete(table);
  const name = ({ pk, sk }: { pk?: unknown; sk?: unknown }) => `${pk} ${sk}`;
  const keys = [...new Map(asked.map(({ key }) => [name(key), key])).values()];
  try {
    const [only] = keys;
    const items =
      keys.length === 1 && only
        ? [await getItem(table, only)]
        : await batchGetItems(table, keys, { consistent: true });
    const found = new Map(items.flatMap((item) => (item ? [[name(item), item] as const] : [])));
    for (const { key, resolve } of asked) resolve(found.get(name(key)));
  } catch (error) {
    for (const { reject } of asked) reject(error);
  }
}
