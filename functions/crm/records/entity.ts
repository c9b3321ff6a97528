import type * as z from 'zod/mini';
import type { IdPrefix } from '../../shared/ids.ts';
import type { ListSpec } from '../../shared/list/list-spec.ts';
import type { RecordRules } from './rules.ts';

export type EntityName =
  | 'contact'
  | 'company'
  | 'pipeline'
  | 'deal'
  | 'activity'
  | 'product'
  | 'order'
  | 'invoice';

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
  /** The derived member with the values of records that were merged into this one: they lead to it as well. */
  others?: string;
  normalise(value: string): string;
}

/** A field that holds the id of another record of the tenant. */
export interface ReferenceField {
  field: string;
  entity: EntityName;
  /** The member under which `expand` shows the record that is referred to, e.g. `company`. */
  as: string;
  /** The entity's rules see to it that the record is there; it is not checked beside them. */
  checkedByRules?: true;
}

/** An index attribute that gathers the records with the same value of a field. */
export interface PartitionField {
  field: string;
  /** Gathers those that share the value of this field as well; every write of one of both has both. */
  within?: string;
  index: string;
  attribute: string;
}

/** A field that has an index of its own in the order of its values. */
export interface SortedField {
  index: 'byAmount' | 'byDate';
  /** `amount`: whole numbers from 0, `text`: dates and instants, which sort as text. */
  kind: 'amount' | 'text';
}

/** The value of a member that is not kept, from those that are. */
export type ComputedField = (record: Record<string, unknown>) => unknown;

/** Everything that the shared record code needs to know of one entity. */
export interface EntityDefinition {
  entity: EntityName;
  /** The path segment, e.g. `contacts`. */
  collection: string;
  idPrefix: IdPrefix;
  /** The names of all members beside those of every record, in the order of answers. */
  fields: string[];
  /** The field that names a record: lists sort by it and find it by its beginning. */
  label: string;
  /** Members that are not kept: looked at whenever a record is answered. */
  computed: Record<string, ComputedField>;
  /** `ORD`: each record gets the next `number` of the entity, without gaps, as it is made. */
  numberPrefix?: string;
  /** Values of fields that are left out on creation. */
  defaults: Record<string, unknown>;
  /** A new record: required fields, everything else optional or `null`. */
  input: z.ZodMiniType<Record<string, unknown>>;
  /** What an upsert takes: a new record's fields, of which one that is there may be given some. */
  upsert: z.ZodMiniType<Record<string, unknown>>;
  /** A merge patch: every field optional, `null` clears what may be empty. */
  patch: z.ZodMiniType<Record<string, unknown>>;
  /** A whole record, as answered. */
  output: z.ZodMiniType;
  unique: UniqueField[];
  references: ReferenceField[];
  /** Fields whose values are objects, which a patch merges, with the order of their members in answers. */
  nested: Record<string, string[] | 'by name'>;
  /** The order in answers of the members of objects, also of those in arrays. */
  memberOrder: Record<string, readonly string[] | 'by name'>;
  partitions: PartitionField[];
  sorted: Record<string, SortedField>;
  /** Fields whose words a search finds. */
  search: string[];
  /** Fields whose values are counted per tenant, for totals and dashboards. */
  counted: string[];
  rules: RecordRules;
  list: ListSpec;
}
