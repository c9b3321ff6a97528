import type { Actor } from '../../shared/actor.ts';
import type { Item } from '../../shared/dynamo/item.ts';
import { batchGetItems, getItem } from '../../shared/dynamo/table.ts';
import type { ListQuery } from '../../shared/list/list-spec.ts';
import { matchesFilters } from '../../shared/list/match-filter.ts';
import { parseListQuery } from '../../shared/list/parse-list-query.ts';
import { runList } from '../../shared/list/run-list.ts';
import { notFound, validationFailed } from '../../shared/problem.ts';
import { withCustomFilters } from '../custom-fields/custom-filters.ts';
import { livingOf, primaryOf } from './aliases.ts';
import { countRecords } from './count-records.ts';
import type { CrmRecord, EntityDefinition } from './entity.ts';
import { isExpired, isLiving, recordKey, toRecord } from './record-item.ts';
import { hasWords, searchRecords } from './search-records.ts';
import { guardKey } from './unique-guard.ts';

export interface RecordPage {
  data: Record<string, unknown>[];
  page: { nextCursor: string | null };
  total?: number;
}

/** Finds what each of some records gets beside its own members, e.g. the records that it refers to. */
export type Expansion = (records: CrmRecord[]) => Promise<Record<string, unknown>[]>;

/**
 * One GetItem; for a record that was merged into another one, that one, which has an id of its own.
 * @throws {Problem} `not_found` also for a deleted record and for another tenant's
 */
export async function getRecord(definition: EntityDefinition, id: string, actor: Actor): Promise<CrmRecord> {
  const { tenantId } = actor.caller;
  await definition.rules.ready?.(actor);
  const found = await getItem('crm', recordKey(definition, tenantId, id));
  const item = isLiving(found) ? found : await livingOf(definition, tenantId, found);
  if (!item) throw notFound(definition.entity, id);
  return toRecord(definition, item);
}

/**
 * The same for a record that is asked what has happened to it, which may be deleted as long as it can be restored.
 * @throws {Problem} `not_found`
 */
export async function getRemembered(
  definition: EntityDefinition,
  id: string,
  actor: Actor,
): Promise<CrmRecord> {
  const { tenantId } = actor.caller;
  await definition.rules.ready?.(actor);
  const item = await primaryOf(
    definition,
    tenantId,
    await getItem('crm', recordKey(definition, tenantId, id)),
  );
  if (!item || isExpired(item)) throw notFound(definition.entity, id);
  return toRecord(definition, item);
}

/** Records by id in one BatchGetItem of ≤ 100, in the order of the ids; absent and deleted ones are left out. */
export async function getRecords(
  definition: EntityDefinition,
  ids: string[],
  actor: Actor,
): Promise<CrmRecord[]> {
  const keys = [...new Set(ids)].map((id) => recordKey(definition, actor.caller.tenantId, id));
  const items = await batchGetItems('crm', keys);
  return items.filter(isLiving).map((item) => toRecord(definition, item));
}

/**
 * One record as a GET shows it: all of it, or only the `fields` asked for.
 * @throws {Problem} `not_found`, `validation_failed` for an unknown field
 */
export async function viewRecord(
  definition: EntityDefinition,
  id: string,
  query: Record<string, string>,
  actor: Actor,
  expansion?: Expansion,
): Promise<{ id: string; version: number; shown: Record<string, unknown> }> {
  const fields = checkFields(
    definition,
    query.fields?.split(',').map((name) => name.trim()),
  );
  const record = await getRecord(definition, id, actor);
  const [expanded] = (await expansion?.([record])) ?? [];
  const { id: found, version } = record;
  return { id: found, version, shown: { ...selectFields(record, fields), ...expanded } };
}

/**
 * A page of a list.
 * @param query the parameters as sent; names are checked by the router, values here
 * @throws {Problem} `validation_failed`, `unsupported_sort`, `invalid_cursor`
 */
export async function listRecords(
  described: EntityDefinition,
  query: Record<string, string>,
  actor: Actor,
  expansion?: Expansion,
): Promise<RecordPage> {
  const definition = await withCustomFilters(described, query, actor.caller.tenantId);
  const request = parseListQuery(query, definition.list, actor.caller.subject);
  const fields = checkFields(definition, request.fields);
  await definition.rules.ready?.(actor);
  const [page, total] = await Promise.all([
    readPage(definition, request, actor),
    request.includeTotal ? countRecords(definition, request.filters, actor) : undefined,
  ]);
  const records = page.items.map((item) => toRecord(definition, item));
  const expanded = await expansion?.(records);
  return {
    data: records.map((record, at) => ({ ...selectFields(record, fields), ...expanded?.[at] })),
    page: { nextCursor: page.nextCursor },
    ...(total !== undefined && { total }),
  };
}

async function readPage(definition: EntityDefinition, request: ListQuery, actor: Actor) {
  const byUnique = request.filters.find(
    ({ field, operator }) => operator === 'eq' && definition.unique.some((unique) => unique.field === field),
  );
  const { terms } = request;
  if (!byUnique) {
    return terms
      ? searchRecords(definition, { ...request, terms }, actor)
      : runList(request, definition.list, actor.caller.tenantId);
  }
  const item = await findByUnique(definition, byUnique.field, String(byUnique.values[0]), actor);
  const others = request.filters.filter((filter) => filter !== byUnique);
  const found =
    item && matchesFilters(item, others, definition.list) && hasWords(definition.entity, item, terms);
  return { items: found ? [item] : [], nextCursor: null };
}

/** The living record that holds a unique value: its guard leads to it (two GetItems). */
export async function findByUnique(
  definition: EntityDefinition,
  field: string,
  value: string,
  actor: Actor,
): Promise<Item | undefined> {
  const { tenantId } = actor.caller;
  const unique = definition.unique.find((candidate) => candidate.field === field);
  if (!unique || unique.normalise(value) === '') return undefined;
  const guard = await getItem('crm', guardKey(definition, tenantId, unique, value));
  if (!guard) return undefined;
  const item = await getItem('crm', recordKey(definition, tenantId, guard.recordId as string));
  return isLiving(item) ? item : undefined;
}

const baseFields = ['id', 'version', 'createdAt', 'updatedAt', 'createdBy', 'updatedBy'];

function checkFields(definition: EntityDefinition, fields: string[] | undefined): string[] | undefined {
  const known = [...baseFields, ...definition.fields];
  const unknown = fields?.filter((field) => !known.includes(field)) ?? [];
  if (unknown.length === 0) return fields;
  throw validationFailed(
    unknown.map((field) => ({
      parameter: 'fields',
      code: 'unknown_field',
      message: `has the unknown field ${JSON.stringify(field)}; known are: ${known.join(', ')}`,
    })),
  );
}

function selectFields(record: CrmRecord, fields: string[] | undefined): Record<string, unknown> {
  return fields ? Object.fromEntries(fields.map((field) => [field, record[field]])) : record;
}
