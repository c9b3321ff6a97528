import type { IdPrefix } from '../ids.ts';
import type { TableName } from '../table-schema.ts';

/** Comparison operators of list filters; `eq` is the bare parameter, the others stand in brackets: `createdAt[gte]`. */
export type Operator = 'eq' | 'ne' | 'in' | 'gt' | 'gte' | 'lt' | 'lte' | 'prefix';

export interface FilterField {
  type: 'text' | 'instant' | 'date' | 'integer' | 'number' | 'boolean' | 'tag';
  /** The allowed values of an enumeration. */
  values?: readonly string[];
  operators: readonly Operator[];
  /** The stored attribute; the field's own name when absent. */
  attribute?: string;
  /** The attribute is an object, and this is the member of it that is meant. */
  part?: string;
  /** The attribute is an index key `<value>#<id>`, so equality means: begins with `<value>#`. */
  keyed?: boolean;
  /** Brings a filter value into the stored form, e.g. lower case; the identity when absent. */
  normalise?: (text: string) => string;
  /** Holds the subject of a member or API key, so that `me` stands for the caller. */
  member?: true;
  /** A filter on what is not kept: the filters on what is kept that it stands for, at the time of the request. */
  standsFor?: () => Filter[];
  description?: string;
}

/** Where rows come from in the order of one sort field. */
export interface RowSource {
  /** Secondary index; the table itself when absent (its sort key is the id, so the order of creation). */
  index?: string;
  pkAttribute: string;
  skAttribute: string;
  /** The partition key value; `filterValue` is that of the partitioning filter, if the source has one. */
  partition(tenantId: string, filterValue: string): string;
  /** How the sort key is made of the sort field's value. */
  keyOf: 'value-and-id' | 'id';
  /** Brings a filter value into the form of the sort key, e.g. padded numbers; as it is when absent. */
  encode?(value: string): string;
}

/** What one list can filter and sort by, and the index that serves it. */
export interface ListSpec {
  /** Names the list in cursors and messages, e.g. `contact`. */
  what: string;
  table: TableName;
  idPrefix: IdPrefix;
  filters: Record<string, FilterField>;
  /** Sort field → its source when no filter narrows it. */
  sorts: Record<string, RowSource>;
  /**
   * Filter fields that have partitions of their own, in the order of preference; one `within` another has a
   * partition for each pair of their values, `<value of within>/<value>`.
   */
  partitions: { field: string; within?: string; sort: string; source: RowSource }[];
  /** E.g. `-updatedAt`. */
  defaultSort: string;
  /** A filter whose presence changes the default sort, since that sort's index then serves it. */
  impliedSorts?: Record<string, string>;
  /** Fields with an index of their own: a range of one is the default sort where no partition narrows the list. */
  rangeSorts?: readonly string[];
  /** Condition that the items of a source must meet whatever the filter, e.g. not deleted. */
  livingOnly?: boolean;
  /** Takes `q`, which finds records by their words. */
  searched?: boolean;
}

export interface Filter {
  field: string;
  operator: Operator;
  /** Normalised; more than one only for `in`. */
  values: (string | number | boolean)[];
}

/** A checked list request. */
export interface ListQuery {
  filters: Filter[];
  sort: { field: string; descending: boolean };
  /** 1–100. */
  limit: number;
  cursor?: string;
  /** Only these members of each record. */
  fields?: string[];
  includeTotal: boolean;
  /** What the words of `q` begin with; the order is then that of words. */
  terms?: string[];
}

export const defaultLimit = 50;
export const maxLimit = 100;
/**
 * Rows that one page may read when filters are left that no index answers. A page may then hold fewer rows
 * than asked for, even none, and still have a cursor: its cost is bounded, whatever the tenant holds.
 */
export const maxRowsRead = 1_000;
