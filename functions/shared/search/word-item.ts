import type { Item, Key } from '../dynamo/item.ts';
import { type SearchedEntity, searchedFields } from './searched-fields.ts';
import { wordsOf } from './words.ts';

/** One word of a record, in the table `views`. */
export interface WordItem extends Key {
  id: string;
  /** All words of the record, in the order of keys, with blanks between: the other terms are checked here. */
  words: string;
}

/**
 * The words of an entity that begin with one letter: writes spread over as many partitions as there are first
 * letters, and the words that begin like a term are still in one.
 */
export function wordPartition(tenantId: string, entity: SearchedEntity, word: string): string {
  const [first = ''] = word;
  return `${tenantId}#words#${entity}#${first}`;
}

export function wordKey(tenantId: string, entity: SearchedEntity, word: string, id: string): Key {
  return { pk: wordPartition(tenantId, entity, word), sk: `${word}#${id}` };
}

/** The words of a stored record, in the order of keys. */
export function wordsOfRecord(entity: SearchedEntity, item: Item): string[] {
  const values = Object.entries(searchedFields[entity]).flatMap(([field, kind]) => {
    const text = item[field];
    return typeof text === 'string' ? [{ text, kind }] : [];
  });
  return wordsOf(values);
}

/** An item for each word of a stored record. */
export function wordItems(tenantId: string, entity: SearchedEntity, item: Item): (WordItem & Item)[] {
  const id = String(item.id);
  const words = wordsOfRecord(entity, item);
  return words.map((word) => ({ ...wordKey(tenantId, entity, word, id), id, words: words.join(' ') }));
}
