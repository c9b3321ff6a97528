import { Problem } from '../../shared/problem.ts';
import type { PlannedWrite } from '../../shared/write-plan.ts';
import type { EntityDefinition, UniqueField } from './entity.ts';

/** The key of the item that stands for "this value is taken"; the stream's filter knows it by its sort key. */
export function guardKey(definition: EntityDefinition, tenantId: string, unique: UniqueField, value: string) {
  return {
    pk: `${tenantId}#unique#${definition.entity}#${unique.field}#${unique.normalise(value)}`,
    sk: 'guard',
  };
}

/** A record by its values; absent ones mean that it does not exist, or no longer. */
interface Owner {
  id: string;
  record: Record<string, unknown> | undefined;
}

/** All values of a unique field: the record's own, and those of the records that were merged into it. */
export function uniqueValues(
  unique: UniqueField,
  record: Record<string, unknown> | undefined,
): Map<string, string> {
  const others = unique.others === undefined ? undefined : record?.[unique.others];
  const values = [record?.[unique.field], ...(Array.isArray(others) ? others : [])];
  return new Map(
    values.flatMap((value) => (typeof value === 'string' ? [[unique.normalise(value), value]] : [])),
  );
}

/**
 * The writes that move a record's guards from its old values to its new ones.
 * @param before absent when the record is created or restored
 * @param after absent when the record is deleted
 */
export function guardWrites(
  definition: EntityDefinition,
  tenantId: string,
  id: string,
  before: Record<string, unknown> | undefined,
  after: Record<string, unknown> | undefined,
): PlannedWrite[] {
  return moveGuards(definition, tenantId, [{ id, record: before }], [{ id, record: after }]);
}

/**
 * The same for several records at once, which may hand values over to one another.
 * @throws {Problem} `duplicate` when two of them would have the same value
 */
export function moveGuards(
  definition: EntityDefinition,
  tenantId: string,
  before: readonly Owner[],
  after: readonly Owner[],
): PlannedWrite[] {
  return definition.unique.flatMap((unique) => {
    const guards = { definition, tenantId, unique };
    const [old, wanted] = [before, after].map((owners) => ownersOf(guards, owners));
    return [
      ...[...(old ?? [])].flatMap(([name, { value, id }]) =>
        wanted?.has(name) ? [] : [releaseGuard(guards, value, id)],
      ),
      ...[...(wanted ?? [])].flatMap(([name, { value, id }]) => {
        const from = old?.get(name)?.id;
        if (from === id) return [];
        return [from === undefined ? takeGuard(guards, value, id) : passGuard(guards, value, from, id)];
      }),
    ];
  });
}

interface Guards {
  definition: EntityDefinition;
  tenantId: string;
  unique: UniqueField;
}

function ownersOf(guards: Guards, owners: readonly Owner[]): Map<string, { value: string; id: string }> {
  const found = new Map<string, { value: string; id: string }>();
  for (const { id, record } of owners) {
    for (const [name, value] of uniqueValues(guards.unique, record)) {
      const other = found.get(name);
      if (other) throw taken(guards, other.id);
      found.set(name, { value, id });
    }
  }
  return found;
}

function taken({ definition, unique }: Guards, existingId: unknown): Problem {
  return new Problem('duplicate', `A ${definition.entity} with this ${unique.field} exists already`, {
    errors: [{ pointer: `/${unique.field}`, code: 'duplicate', message: 'is taken' }],
    extensions: { existingId },
  });
}

const keyOf = ({ definition, tenantId, unique }: Guards, value: string) =>
  guardKey(definition, tenantId, unique, value);

function takeGuard(guards: Guards, value: string, id: string): PlannedWrite {
  return {
    write: {
      kind: 'put',
      table: 'crm',
      item: { ...keyOf(guards, value), recordId: id },
      condition: { text: 'attribute_not_exists(pk)' },
    },
    refused: (current) => taken(guards, current?.recordId),
  };
}

function passGuard(guards: Guards, value: string, from: string, to: string): PlannedWrite {
  return {
    write: {
      kind: 'put',
      table: 'crm',
      item: { ...keyOf(guards, value), recordId: to },
      condition: { text: 'recordId = :from', values: { ':from': from } },
    },
  };
}

function releaseGuard(guards: Guards, value: string, id: string): PlannedWrite {
  return {
    write: {
      kind: 'delete',
      table: 'crm',
      key: keyOf(guards, value),
      condition: { text: 'recordId = :id', values: { ':id': id } },
    },
  };
}
