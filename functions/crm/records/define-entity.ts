import * as z from 'zod/mini';
import type { FilterField, RowSource } from '../../shared/list/list-spec.ts';
import { searchedFields } from '../../shared/search/searched-fields.ts';
import type {
  ComputedField,
  EntityDefinition,
  EntityName,
  PartitionField,
  ReferenceField,
  SortedField,
} from './entity.ts';
import { clearable } from './fields.ts';
import { indexAttribute, sortKeyOf } from './index-attributes.ts';
import { elementMembers } from './member-order.ts';
import { nameKey } from './normalise.ts';
import { noRules } from './rules.ts';

type Shape = Record<string, z.ZodMiniType>;

/** One entity, as its own file describes it. */
interface EntityDescription
  extends Pick<
    EntityDefinition,
    'entity' | 'collection' | 'idPrefix' | 'numberPrefix' | 'unique' | 'nested' | 'partitions' | 'counted'
  > {
  /** Must be given and never be cleared. */
  required: Shape;
  /** Take a value when left out and never are empty. */
  defaulted: Record<string, { schema: z.ZodMiniType; value: unknown }>;
  optional: Shape;
  /** Members that only rules set: in answers, never in a body; `null` until they are set. */
  derived?: Shape;
  /** Members that are not kept but follow from the others and the time of the answer. */
  computed?: Record<string, { schema: z.ZodMiniType; of: ComputedField }>;
  /** Fields that are answered in another shape than they are sent in. */
  answered?: Shape;
  /** Fields that are given when the record is made and never change. */
  createOnly?: string[];
  /** @default the member is named like the field without its `Id` */
  references: (Omit<ReferenceField, 'as'> & { as?: string })[];
  /** @default `name` */
  label?: string;
  sorted?: Record<string, SortedField>;
  /** @default those of shared/search/searched-fields.ts, which is what the changes function goes by */
  search?: string[];
  rules?: EntityDefinition['rules'];
  filters: Record<string, FilterField>;
}

/** Derives schemas, list and index use of an entity from one description of its fields. */
export function defineEntity(description: EntityDescription): EntityDefinition {
  const { entity, idPrefix, required, defaulted, optional, partitions, filters, ...rest } = description;
  const { derived = {}, createOnly = [], label = 'name', sorted = {}, search, rules = noRules } = rest;
  const { computed = {}, answered = {} } = rest;
  const computedShape = Object.fromEntries(
    Object.entries(computed).map(([name, { schema }]) => [name, schema]),
  );
  const defaultedShape = Object.fromEntries(
    Object.entries(defaulted).map(([name, { schema }]) => [name, schema]),
  );
  const answeredShape: Shape = {
    ...required,
    ...defaultedShape,
    ...nullableOf({ ...optional, ...derived }),
    ...computedShape,
    ...answered,
  };
  const changeable = (shape: Shape) =>
    Object.fromEntries(Object.entries(shape).filter(([name]) => !createOnly.includes(name)));
  return {
    entity,
    collection: rest.collection,
    idPrefix,
    numberPrefix: rest.numberPrefix,
    unique: rest.unique,
    references: rest.references.map((field) => ({ as: field.field.replace(/Id$/, ''), ...field })),
    nested: rest.nested,
    counted: rest.counted,
    partitions,
    label,
    sorted,
    search: search ?? Object.keys(searchedFields[entity]),
    rules,
    fields: [required, defaulted, optional, derived, computed].flatMap((shape) => Object.keys(shape)),
    computed: Object.fromEntries(Object.entries(computed).map(([name, { of }]) => [name, of])),
    defaults: Object.fromEntries(Object.entries(defaulted).map(([name, { value }]) => [name, value])),
    input: z.strictObject({ ...required, ...optionalOf(defaultedShape), ...clearable(optional) }),
    upsert: z.strictObject({
      ...optionalOf(required),
      ...optionalOf(defaultedShape),
      ...clearable(optional),
    }),
    patch: z.strictObject({
      ...optionalOf(changeable(required)),
      ...optionalOf(changeable(defaultedShape)),
      ...clearable(changeable(optional)),
    }),
    output: z.strictObject({
      id: z.string(),
      version: z.int(),
      createdAt: z.string(),
      updatedAt: z.string(),
      createdBy: z.string(),
      updatedBy: z.string(),
      ...answeredShape,
    }),
    memberOrder: { ...orderOfElements(answeredShape), ...rest.nested },
    list: {
      what: entity,
      table: 'crm',
      idPrefix,
      livingOnly: true,
      searched: true,
      filters: { ...filters, ...commonFilters(label) },
      sorts: {
        createdAt: {
          pkAttribute: 'pk',
          skAttribute: 'sk',
          keyOf: 'id',
          partition: (tenantId) => `${tenantId}#${entity}`,
        },
        updatedAt: wholeIndex(entity, 'byUpdated', 'updatedPk', 'updatedSk'),
        [label]: wholeIndex(entity, 'byName', 'namePk', 'nameSk'),
        ...Object.fromEntries(
          Object.entries(sorted).map(([field, { index, kind }]) => [
            field,
            {
              ...wholeIndex(entity, index, indexAttribute(index, 'Pk'), indexAttribute(index, 'Sk')),
              encode: (value: string) => sortKeyOf(value, kind),
            },
          ]),
        ),
      },
      partitions: partitions.map((partition) => ({
        field: partition.field,
        ...(partition.within && { within: partition.within }),
        sort: 'updatedAt',
        source: partitionSource(entity, partition),
      })),
      defaultSort: '-updatedAt',
      impliedSorts: { [label]: label },
      rangeSorts: Object.keys(sorted),
    },
  };
}

function orderOfElements(shape: Shape): EntityDefinition['memberOrder'] {
  const ordered = Object.entries(shape).map(([name, schema]) => [name, elementMembers(schema)] as const);
  return Object.fromEntries(ordered.flatMap(([name, members]) => (members ? [[name, members]] : [])));
}

const optionalOf = (shape: Shape) =>
  Object.fromEntries(Object.entries(shape).map(([name, field]) => [name, z.optional(field)]));
const nullableOf = (shape: Shape) =>
  Object.fromEntries(Object.entries(shape).map(([name, field]) => [name, z.nullable(field)]));

function wholeIndex(entity: EntityName, index: string, pkAttribute: string, skAttribute: string): RowSource {
  return {
    index,
    pkAttribute,
    skAttribute,
    keyOf: 'value-and-id',
    partition: (tenantId) => `${tenantId}#${entity}`,
  };
}

function partitionSource(entity: EntityName, { index, attribute }: PartitionField): RowSource {
  return {
    index,
    pkAttribute: attribute,
    skAttribute: 'updatedSk',
    keyOf: 'value-and-id',
    partition: (tenantId, value) => `${tenantId}#${entity}#${value}`,
  };
}

/** A filter on members by their subject. */
export const memberFilter: FilterField = {
  type: 'text',
  operators: ['eq', 'in'],
  member: true,
  description: 'The subject of a member or API key, `me` for your own',
};

/** Operators that compare instants, dates and numbers. */
export const instantOperators = ['gt', 'gte', 'lt', 'lte'] as const;

const commonFilters = (label: string): Record<string, FilterField> => ({
  [label]: {
    type: 'text',
    operators: ['eq', 'prefix'],
    attribute: 'nameSk',
    keyed: true,
    normalise: nameKey,
    description: `The ${label}, whatever its case and accents; sorts by ${label} unless told otherwise`,
  },
  createdBy: memberFilter,
  createdAt: { type: 'instant', operators: instantOperators },
  updatedAt: { type: 'instant', operators: instantOperators },
});
