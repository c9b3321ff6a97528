import * as z from 'zod/mini';
import { parsePage } from '../../platform/parse-page.ts';
import type { Actor } from '../../shared/actor.ts';
import { decodeCursor, encodeCursor } from '../../shared/cursor.ts';
import type { Item } from '../../shared/dynamo/item.ts';
import { type ProblemDetail, validationFailed } from '../../shared/problem.ts';
import { parseSearch } from '../../shared/search/parse-search.ts';
import { runSearch } from '../../shared/search/run-search.ts';
import { isSearched, type SearchedEntity, searchedFields } from '../../shared/search/searched-fields.ts';
import type { EntityDefinition } from '../records/entity.ts';
import { foundRecords } from '../records/search-records.ts';

export const searchedEntities = Object.keys(searchedFields) as SearchedEntity[];

/** A record that was found, as far as one needs to choose among them. */
export const foundRecord = z.strictObject({
  entity: z.enum(searchedEntities),
  id: z.string(),
  title: z.nullable(z.string()),
  fields: z.record(z.string(), z.string()).check(z.meta({ description: 'The fields that were searched.' })),
  updatedAt: z.string(),
});
export type FoundRecord = z.infer<typeof foundRecord>;

export interface SearchQuery {
  q?: string;
  entities?: string;
  limit?: string;
  cursor?: string;
}

/**
 * Records of all entities whose words begin like those of `q`, in the order of the words: one Query of each entity
 * and one BatchGetItem.
 * @throws {Problem} `validation_failed`, `invalid_cursor`
 */
export async function searchEverything(
  definitions: readonly EntityDefinition[],
  query: SearchQuery,
  { caller: { tenantId } }: Actor,
): Promise<{ data: FoundRecord[]; page: { nextCursor: string | null } }> {
  const { limit, cursor } = parsePage(query);
  const { terms, entities } = parseQuery(query);
  const scope = JSON.stringify([tenantId, 'search', terms, entities]);
  const [after] = cursor === undefined ? [] : decodeCursor(cursor, scope);
  const { found, next } = await runSearch({
    ...{ tenantId, entities, terms, limit, selective: false },
    ...(after !== undefined && { after }),
    hydrate: async (candidates) =>
      (await foundRecords(candidates, terms, tenantId)).map((item, at) => {
        const definition = definitions.find(({ entity }) => entity === candidates[at]?.entity);
        return item && definition && summaryOf(definition, item);
      }),
  });
  return { data: found, page: { nextCursor: next === undefined ? null : encodeCursor([next], scope) } };
}

function summaryOf({ entity, label }: EntityDefinition, item: Item): FoundRecord {
  const searched = Object.keys(searchedFields[entity]).filter((field) => typeof item[field] === 'string');
  return {
    entity,
    id: String(item.id),
    title: typeof item[label] === 'string' ? item[label] : null,
    fields: Object.fromEntries(searched.map((field) => [field, String(item[field])])),
    updatedAt: String(item.updatedAt),
  };
}

function parseQuery({ q, entities }: SearchQuery): { terms: string[]; entities: SearchedEntity[] } {
  const errors: ProblemDetail[] = [];
  const refuse = (parameter: string, code: string, message: string) => {
    errors.push({ parameter, code, message });
    return [];
  };
  const terms = q === undefined ? refuse('q', 'required', 'is required') : termsIn(q, refuse);
  const names = entities?.split(',').map((name) => name.trim()) ?? searchedEntities;
  const known = names.filter(isSearched);
  if (known.length < names.length) {
    refuse('entities', 'invalid_value', `must be one or more of: ${searchedEntities.join(', ')}`);
  }
  if (errors.length > 0) throw validationFailed(errors);
  return { terms, entities: searchedEntities.filter((entity) => known.includes(entity)) };
}

function termsIn(
  q: string,
  refuse: (parameter: string, code: string, message: string) => string[],
): string[] {
  try {
    return parseSearch(q);
  } catch (error) {
    return refuse('q', 'invalid_value', (error as Error).message);
  }
}
