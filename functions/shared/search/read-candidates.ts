import { endOfPrefix } from '../dynamo/key-prefix.ts';
import { queryPage } from '../dynamo/table.ts';
import type { SearchedEntity } from './searched-fields.ts';
import { type WordItem, wordPartition } from './word-item.ts';
import { matchesTerms, narrowest } from './words.ts';

/** Where the words of an entity are looked at. */
export interface WordRange {
  tenantId: string;
  entity: SearchedEntity;
  /** From `termsOf`, not empty. */
  terms: readonly string[];
  /** The sort key after which to go on. */
  after?: string;
  /** Rows to read. */
  rows: number;
}

/** A record that seems to match, at the place in the order of words where it is shown. */
export interface Candidate {
  entity: SearchedEntity;
  id: string;
  /** `<word>#<id>` */
  place: string;
}

/**
 * The records with words that begin like all of the terms, in the order of the words that begin like the longest
 * term: one Query, of rows that begin so and no others.
 * @returns `last`: where to go on; absent when there is no more
 */
export async function readCandidates(range: WordRange): Promise<{ candidates: Candidate[]; last?: string }> {
  const { tenantId, entity, terms, after, rows } = range;
  const term = narrowest(terms);
  const pk = wordPartition(tenantId, entity, term);
  const { items, lastKey } = await queryPage({
    table: 'views',
    key: {
      text: 'pk = :pk AND sk BETWEEN :first AND :last',
      values: { ':pk': pk, ':first': term, ':last': endOfPrefix(term) },
    },
    limit: rows,
    ...(after !== undefined && { startKey: { pk, sk: after } }),
  });
  const candidates = (items as unknown as WordItem[])
    .map(({ id, sk, words }) => ({ id, place: sk, words: words.split(' ') }))
    .filter((row) => isShownAt(row, term) && matchesTerms(row.words, terms))
    .map(({ id, place }) => ({ entity, id, place }));
  return { candidates, ...(lastKey && { last: String(lastKey.sk) }) };
}

interface Row {
  id: string;
  place: string;
  words: string[];
}

/** A record has a row for each of its words that match; it is shown at the first of them, so only once in all pages. */
function isShownAt({ place, id, words }: Row, term: string): boolean {
  return place === `${words.find((word) => word.startsWith(term))}#${id}`;
}
