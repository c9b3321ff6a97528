import { isDeepStrictEqual } from 'node:util';
import { isPlainObject } from '../../shared/merge-patch.ts';
import type { CrmRecord, EntityDefinition } from '../records/entity.ts';
import { uniqueValues } from '../records/unique-guard.ts';

/** Which record's value wins, by field; of the other fields the primary's, or the first that is set. */
export type FieldChoices = Record<string, string>;

/** Ours, as for contacts (functions/crm/records/fields.ts). */
const longestNotes = 20_000;
const mostTags = 50;

/** Fields that take something of every record. Values are there, in the order of the records, the primary's first. */
const combined: Record<string, (values: unknown[]) => unknown> = {
  tags: (values) => [...new Set(values.flat())].slice(0, mostTags),
  notes: (values) => joinNotes(values as string[]),
  custom: (values) => Object.assign({}, ...[...values].reverse().filter(isPlainObject)),
  lastContactedAt: (values) => values.toSorted().at(-1),
};

/** One below the other, each once; what there is no room for stays with the record that it is from. */
function joinNotes(notes: string[]): string {
  return [...new Set(notes)].reduce((all, next) => {
    const joined = `${all}\n\n${next}`;
    return joined.length <= longestNotes ? joined : all;
  });
}

/** The fields that callers can set, which are those that a merge decides about. */
export function mergedFields({ patch }: EntityDefinition): string[] {
  return Object.keys((patch._zod.def as { shape?: object }).shape ?? {});
}

/**
 * The primary as it stands after the merge, with the ids and the unique values of the others.
 * @param others in the order of the request
 * @param choices checked: ids of the records
 */
export function mergeRecords(
  definition: EntityDefinition,
  primary: CrmRecord,
  others: readonly CrmRecord[],
  choices: FieldChoices,
): CrmRecord {
  const records = [primary, ...others];
  const values = mergedFields(definition).map((field) => {
    const chosen = records.find(({ id }) => id === choices[field]);
    return [field, chosen ? chosen[field] : mergedValue(field, records)];
  });
  const merged: CrmRecord = { ...primary, ...Object.fromEntries(values) };
  const ids = [listOf(primary.mergedIds), ...others.map(({ id, mergedIds }) => [id, ...listOf(mergedIds)])];
  return {
    ...merged,
    mergedIds: ids.flat(),
    ...otherValues(
      definition,
      merged,
      records.map((record) => uniqueOf(definition, record)),
    ),
  };
}

function mergedValue(field: string, records: readonly CrmRecord[]): unknown {
  const values = records
    .map((record) => record[field])
    .filter((value) => value !== null && value !== undefined);
  if (values.length === 0) return null;
  return (combined[field] ?? (([first]: unknown[]) => first))(values);
}

type UniqueValues = Map<string, Map<string, string>>;

/** Field → normalised value → value. */
function uniqueOf(definition: EntityDefinition, record: CrmRecord): UniqueValues {
  return new Map(definition.unique.map((unique) => [unique.field, uniqueValues(unique, record)]));
}

/** The members with all unique values beside the record's own; `null` when there are none. */
function otherValues(definition: EntityDefinition, record: CrmRecord, all: UniqueValues[]) {
  return Object.fromEntries(
    definition.unique.flatMap(({ field, others, normalise }) => {
      if (others === undefined) return [];
      const values = new Map(all.flatMap((values) => [...(values.get(field) ?? [])]));
      const own = record[field];
      if (typeof own === 'string') values.delete(normalise(own));
      return [[others, values.size > 0 ? [...values.values()] : null]];
    }),
  );
}

/** What a merge has changed in the fields that it decides about. */
export function fieldChanges(definition: EntityDefinition, before: CrmRecord, after: CrmRecord) {
  return mergedFields(definition)
    .filter((field) => !isDeepStrictEqual(before[field], after[field]))
    .map((field) => ({ field, old: before[field] ?? null, new: after[field] ?? null }));
}

/**
 * The primary without what a merge brought: fields that nobody has changed since have their old values again, ids
 * and unique values of the others are theirs again.
 */
export function unmergeRecord(
  definition: EntityDefinition,
  primary: CrmRecord,
  others: readonly CrmRecord[],
  changes: readonly { field: string; old: unknown; new: unknown }[],
): CrmRecord {
  const restored = changes.filter((change) => isDeepStrictEqual(primary[change.field] ?? null, change.new));
  const after: CrmRecord = {
    ...primary,
    ...Object.fromEntries(restored.map(({ field, old }) => [field, old])),
  };
  const gone = new Set(others.flatMap(({ id, mergedIds }) => [id, ...listOf(mergedIds)]));
  const ids = listOf(primary.mergedIds).filter((id) => !gone.has(id));
  const kept = uniqueOf(definition, primary);
  for (const other of others) {
    for (const [field, values] of uniqueOf(definition, other)) {
      for (const name of values.keys()) kept.get(field)?.delete(name);
    }
  }
  return {
    ...after,
    mergedIds: ids.length > 0 ? ids : null,
    ...otherValues(definition, after, [kept]),
  };
}

export function listOf(value: unknown): string[] {
  return Array.isArray(value) ? (value as string[]) : [];
}
