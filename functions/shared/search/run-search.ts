import { maxRowsRead } from '../list/list-spec.ts';
import { type Candidate, readCandidates } from './read-candidates.ts';
import type { SearchedEntity } from './searched-fields.ts';
import { inKeyOrder } from './words.ts';

export interface Search<T> {
  tenantId: string;
  entities: readonly SearchedEntity[];
  /** From `termsOf`, not empty. */
  terms: readonly string[];
  limit: number;
  /** The place of the last record of the page before. */
  after?: string;
  /** More than the words decides what is found, so more candidates are looked at in one go. */
  selective: boolean;
  /** Fetches what is shown of candidates, at most a hundred; `undefined` for those that do not count. */
  hydrate(candidates: Candidate[]): Promise<(T | undefined)[]>;
}

/** Rows beside the first of their record: read along, so that a page does not need another Query because of them. */
const spareRows = 10;
/** Rows of the first Query when more than one word decides; what is left of those of a page is read with the next. */
const selectiveRows = 200;
/** So many records are a page where candidates drop out: whoever types a name waits for the first ones only. */
const enough = 10;
/** AWS: keys of one BatchGetItem. */
const selectiveChunk = 100;

/**
 * Records in the order of the words that are found, whatever their entity: one Query of each entity and one call of
 * `hydrate`; a second Query only when so many candidates drop out that fewer than ten are left, and at most 1 000
 * rows of an entity.
 * @returns `next`: where the next page begins; absent when there is none
 */
export async function runSearch<T>(search: Search<T>): Promise<{ found: T[]; next?: string }> {
  const { tenantId, terms, limit, selective, hydrate } = search;
  const found: T[] = [];
  let place = search.after;
  let open = search.entities;
  for (let read = 0; open.length > 0 && read < maxRowsRead; ) {
    const many = selective || terms.length > 1;
    const first = many ? selectiveRows : limit + spareRows;
    const rows = read === 0 ? first : Math.min(maxRowsRead - read, many ? maxRowsRead : 2 * first);
    read += rows;
    const after = place === undefined ? {} : { after: place };
    const pages = await Promise.all(
      open.map((entity) => readCandidates({ tenantId, entity, terms, rows, ...after })),
    );
    const boundary = firstOf(pages.flatMap(({ last }) => (last === undefined ? [] : [last])));
    const within = ({ place: at }: Candidate) => boundary === undefined || inKeyOrder(at, boundary) <= 0;
    const candidates = pages.flatMap((page) => page.candidates.filter(within)).sort(byPlace);
    for (let start = 0; start < candidates.length; ) {
      const chunk = candidates.slice(start, start + (selective ? selectiveChunk : limit - found.length));
      const results = await hydrate(chunk);
      for (const [at, result] of results.entries()) {
        place = chunk[at]?.place;
        start += 1;
        if (result === undefined) continue;
        found.push(result);
        if (found.length < limit) continue;
        const more = start < candidates.length || boundary !== undefined;
        return { found, ...(more && place !== undefined && { next: place }) };
      }
    }
    if (boundary === undefined) return { found };
    place = boundary;
    if (many && found.length >= enough) break;
    open = open.filter((_, at) => {
      const page = pages[at];
      return page?.last !== undefined || page?.candidates.some((candidate) => !within(candidate));
    });
  }
  return { found, ...(place !== undefined && { next: place }) };
}

/** Every entity has been read up to here at least. */
function firstOf(places: string[]): string | undefined {
  return places.sort(inKeyOrder)[0];
}

function byPlace(a: Candidate, b: Candidate): number {
  return inKeyOrder(a.place, b.place);
}
