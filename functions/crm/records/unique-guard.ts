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
  return definition.unique.flatMap((unique) => {
    const [old, wanted] = [before, after].map((record) => {
      const value = record?.[unique.field];
      return typeof value === 'string' ? value : undefined;
    });
    const same =
      old !== undefined && wanted !== undefined && unique.normalise(old) === unique.normalise(wanted);
    if (same) return [];
    return [
      ...(old === undefined ? [] : [releaseGuard(definition, tenantId, unique, old, id)]),
      ...(wanted === undefined ? [] : [takeGuard(definition, tenantId, unique, wanted, id)]),
    ];
  });
}

function takeGuard(
  definition: EntityDefinition,
  tenantId: string,
  unique: UniqueField,
  value: string,
  id: string,
): PlannedWrite {
  return {
    write: {
      kind: 'put',
      table: 'crm',
      item: { ...guardKey(definition, tenantId, unique, value), recordId: id },
      condition: { text: 'attribute_not_exists(pk)' },
    },
    refused: (current) =>
      new Problem('duplicate', `A ${definition.entity} with this ${unique.field} exists already`, {
        errors: [{ pointer: `/${unique.field}`, code: 'duplicate', message: 'is taken' }],
        extensions: { existingId: current?.recordId },
      }),
  };
}

function releaseGuard(
  definition: EntityDefinition,
  tenantId: string,
  unique: UniqueField,
  value: string,
  id: string,
): PlannedWrite {
  return {
    write: {
      kind: 'delete',
      table: 'crm',
      key: guardKey(definition, tenantId, unique, value),
      condition: { text: 'recordId = :id', values: { ':id': id } },
    },
  };
}
