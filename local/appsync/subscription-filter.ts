/** One condition on a field of the published value. */
export interface FilterRule {
  /** Dots lead into nested objects: `owner.id`. */
  fieldName: string;
  operator: string;
  value: unknown;
}

/** Enhanced subscription filter: any group must hold, all filters of a group must. */
export interface SubscriptionFilter {
  filterGroup: { filters: FilterRule[] }[];
}

type Test = (actual: unknown, expected: unknown) => boolean;

const isMember: Test = (actual, expected) => Array.isArray(expected) && expected.includes(actual);
/** A text has parts, a list has members. */
const contains: Test = (actual, expected) =>
  Array.isArray(actual) ? actual.includes(expected) : String(actual).includes(String(expected));
const comparable = (actual: unknown, expected: unknown): boolean =>
  typeof actual === typeof expected && (typeof actual === 'number' || typeof actual === 'string');
const ordered =
  (holds: (actual: string | number, expected: string | number) => boolean): Test =>
  (actual, expected) =>
    comparable(actual, expected) && holds(actual as number, expected as number);

/** https://docs.aws.amazon.com/appsync/latest/devguide/extensions-js.html */
const operators: Record<string, Test> = {
  eq: (actual, expected) => actual === expected,
  ne: (actual, expected) => actual !== expected,
  le: ordered((a, b) => a <= b),
  lt: ordered((a, b) => a < b),
  ge: ordered((a, b) => a >= b),
  gt: ordered((a, b) => a > b),
  contains,
  notContains: (actual, expected) => !contains(actual, expected),
  containsAny: (actual, expected) => Array.isArray(expected) && expected.some((one) => contains(actual, one)),
  beginsWith: (actual, expected) => typeof actual === 'string' && actual.startsWith(String(expected)),
  in: isMember,
  notIn: (actual, expected) => !isMember(actual, expected),
  between: (actual, expected) =>
    Array.isArray(expected) &&
    comparable(actual, expected[0]) &&
    (actual as number) >= expected[0] &&
    (actual as number) <= expected[1],
};

const MAX_GROUPS = 10;
/** Of `in` and `notIn`. */
const MAX_LIST = 5;

/**
 * @throws {Error} for a filter that AppSync would not take: no group, too many, an unknown operator, too long a list
 */
export function checkSubscriptionFilter(filter: unknown): SubscriptionFilter {
  const groups = (filter as Partial<SubscriptionFilter> | null)?.filterGroup;
  if (!Array.isArray(groups) || groups.length === 0 || groups.length > MAX_GROUPS) {
    throw new Error(`a subscription filter has a filterGroup of 1 to ${MAX_GROUPS} groups`);
  }
  for (const { filters } of groups) {
    if (!Array.isArray(filters) || filters.length === 0)
      throw new Error('a filter group has at least one filter');
    for (const { fieldName, operator, value } of filters) {
      if (typeof fieldName !== 'string') throw new Error('a subscription filter names a field');
      if (!Object.hasOwn(operators, operator)) {
        throw new Error(`the subscription filter on ${fieldName} has the unknown operator ${operator}`);
      }
      if (['in', 'notIn'].includes(operator) && (!Array.isArray(value) || value.length > MAX_LIST)) {
        throw new Error(
          `${operator} of the subscription filter on ${fieldName} takes a list of at most ${MAX_LIST}`,
        );
      }
    }
  }
  return filter as SubscriptionFilter;
}

/**
 * Whether a published value passes. A field that the value does not have, or whose value is null, passes only
 * `ne`, `notIn`, `notContains` and `eq null`.
 */
export function matchesFilter({ filterGroup }: SubscriptionFilter, published: unknown): boolean {
  return filterGroup.some(({ filters }) => filters.every((rule) => matchesRule(rule, published)));
}

function matchesRule({ fieldName, operator, value }: FilterRule, published: unknown): boolean {
  const actual = fieldName
    .split('.')
    .reduce<unknown>(
      (holder, name) => (holder as Record<string, unknown> | null | undefined)?.[name],
      published,
    );
  const test = operators[operator];
  if (!test) return false;
  if (actual === undefined || actual === null) {
    if (operator === 'eq') return value === null;
    return ['ne', 'notIn', 'notContains'].includes(operator) && value !== null;
  }
  return test(actual, value);
}

type Conjunction = FilterRule[];
type FilterObject = Record<string, unknown>;

/**
 * `util.transform.toSubscriptionFilter`: `{ a: { eq: 1 }, or: [...], and: [...] }` as groups.
 *
 * @param ignored fields of the object that take no part
 * @param rules a filter object without `and` and `or` that every group gets as well
 */
export function toSubscriptionFilter(
  filter: FilterObject,
  ignored: readonly string[] = [],
  rules: FilterObject = {},
): SubscriptionFilter {
  const fixed = rulesOf(rules, []);
  const groups = alternatives(filter, ignored).map((filters) => ({ filters: [...filters, ...fixed] }));
  return { filterGroup: groups.filter(({ filters }) => filters.length > 0) };
}

/** The object's disjunctive normal form. */
function alternatives(filter: FilterObject, ignored: readonly string[]): Conjunction[] {
  const { and, or, ...fields } = filter;
  let result: Conjunction[] = [rulesOf(fields, ignored)];
  const combine = (others: Conjunction[]): void => {
    result = result.flatMap((left) => others.map((right) => [...left, ...right]));
  };
  for (const part of (and as FilterObject[] | undefined) ?? []) combine(alternatives(part, ignored));
  if (or !== undefined) combine((or as FilterObject[]).flatMap((part) => alternatives(part, ignored)));
  return result;
}

function rulesOf(fields: FilterObject, ignored: readonly string[]): Conjunction {
  return Object.entries(fields)
    .filter(([fieldName]) => !ignored.includes(fieldName))
    .flatMap(([fieldName, conditions]) =>
      Object.entries((conditions ?? {}) as FilterObject).map(([operator, value]) => ({
        fieldName,
        operator,
        value,
      })),
    );
}
