import * as z from 'zod/mini';
import type { IdPrefix } from '../../shared/ids.ts';
import type { FilterField, ListSpec, RowSource } from '../../shared/list/list-spec.ts';
import { clearable } from './fields.ts';
import { nameKey } from './normalise.ts';

export type EntityName = 'contact' | 'company';

/** What every record carries beside its own fields. */
export interface RecordBase {
  id: string;
  /** Counts the record's writes from 1; its entity tag is `"v<version>"`. */
  version: number;
  createdAt: string;
  updatedAt: string;
  /** The subject of the person or API key. */
  createdBy: string;
  updatedBy: string;
}

/** A record as callers see it: every field of its entity is there, `null` where it is not set. */
export type CrmRecord = RecordBase & Record<string, unknown>;

/** A field whose normalised value no two living records of a tenant share. */
export interface UniqueField {
  field: string;
  normalise(value: string): string;
}

/** A field that holds the id of another record of the tenant. */
export interface ReferenceField {
  field: string;
  entity: EntityName;
}

/** An index attribute that gathers the records with the same value of a field. */
export interface PartitionField {
  field: string;
  index: string;
  attribute: string;
}

/** Everything that the shared record code needs to know of one entity. */
export interface EntityDefinition {
  entity: EntityName;
  /** The path segment, e.g. `contacts`. */
  collection: string;
  idPrefix: IdPrefix;
  /** The names of the fields that callers set, in the order of answers. */
  fields: string[];
  /** Values of fields that are left out on creation. */
  defaults: Record<string, unknown>;
  /** A new record: required fields, everything else optional or `null`. */
  input: z.ZodMiniType<Record<string, unknown>>;
  /** A merge patch: every field optional, `null` clears what may be empty. */
  patch: z.ZodMiniType<Record<string, unknown>>;
  /** A whole record, as answered. */
  output: z.ZodMiniType;
  unique: UniqueField[];
  references: ReferenceField[];
  /** Fields whose values are objects, which a patch merges, with the order of their members in answers. */
  nested: Record<string, string[]>;
  partitions: PartitionField[];
  /** Fields whose values are counted per tenant, for totals and dashboards. */
  counted: string[];
  list: ListSpec;
}

type Shape = Record<string, z.ZodMiniType>;

interface EntityDescription {
  entity: EntityName;
  collection: string;
  idPrefix: IdPrefix;
  /** Must be given and never be cleared. */
  required: Shape;
  /** Take a value when left out and never are empty. */
  defaulted: Record<string, { schema: z.ZodMiniType; value: unknown }>;
  optional: Shape;
  unique: UniqueField[];
  references: ReferenceField[];
  nested: Record<string, string[]>;
  partitions: PartitionField[];
  counted: string[];
  filters: Record<string, FilterField>;
}

/** Derives schemas, list and index use of an entity from one description of its fields. */
export function defineEntity(description: EntityDescription): EntityDefinition {
  const { entity, idPrefix, required, defaulted, optional, partitions, filters, ...rest } = description;
  const defaultedShape = Object.fromEntries(
    Object.entries(defaulted).map(([name, { schema }]) => [name, schema]),
  );
  const optionalOf = (shape: Shape) =>
    Object.fromEntries(Object.entries(shape).map(([name, field]) => [name, z.optional(field)]));
  const nullableOf = (shape: Shape) =>
    Object.fromEntries(Object.entries(shape).map(([name, field]) => [name, z.nullable(field)]));
  return {
    ...rest,
    entity,
    idPrefix,
    partitions,
    fields: [...Object.keys(required), ...Object.keys(defaulted), ...Object.keys(optional)],
    defaults: Object.fromEntries(Object.entries(defaulted).map(([name, { value }]) => [name, value])),
    input: z.strictObject({ ...required, ...optionalOf(defaultedShape), ...clearable(optional) }),
    patch: z.strictObject({ ...optionalOf(required), ...optionalOf(defaultedShape), ...clearable(optional) }),
    output: z.strictObject({
      id: z.string(),
      version: z.int(),
      createdAt: z.string(),
      updatedAt: z.string(),
      createdBy: z.string(),
      updatedBy: z.string(),
      ...required,
      ...defaultedShape,
      ...nullableOf(optional),
    }),
    list: {
      what: entity,
      table: 'crm',
      idPrefix,
      livingOnly: true,
      filters: { ...filters, ...commonFilters },
      sorts: {
        createdAt: {
          pkAttribute: 'pk',
          skAttribute: 'sk',
          keyOf: 'id',
          partition: (tenantId) => `${tenantId}#${entity}`,
        },
        updatedAt: wholeIndex(entity, 'byUpdated', 'updatedPk', 'updatedSk'),
        name: wholeIndex(entity, 'byName', 'namePk', 'nameSk'),
      },
      partitions: partitions.map(({ field, index, attribute }) => ({
        field,
        sort: 'updatedAt',
        source: {
          index,
          pkAttribute: attribute,
          skAttribute: 'updatedSk',
          keyOf: 'value-and-id',
          partition: (tenantId, value) => `${tenantId}#${entity}#${value}`,
        },
      })),
      defaultSort: '-updatedAt',
      impliedSorts: { name: 'name' },
    },
  };
}

function wholeIndex(entity: string, index: string, pkAttribute: string, skAttribute: string): RowSource {
  return {
    index,
    pkAttribute,
    skAttribute,
    keyOf: 'value-and-id',
    partition: (tenantId) => `${tenantId}#${entity}`,
  };
}

/** Operators that compare instants. */
export const instantOperators = ['gt', 'gte', 'lt', 'lte'] as const;

const commonFilters: Record<string, FilterField> = {
  name: {
    type: 'text',
    operators: ['eq', 'prefix'],
    attribute: 'nameSk',
    keyed: true,
    normalise: nameKey,
    description: 'The name, whatever its case and accents; sorts by name unless told otherwise',
  },
  createdAt: { type: 'instant', operators: instantOperators },
  updatedAt: { type: 'instant', operators: instantOperators },
};
