/** Whether Lambda would hand this record to the function. */
export type Filter = (record: unknown) => boolean;

type Test = (value: unknown) => boolean;

/**
 * Compiles event filter patterns; a record passes when one of them matches, or when there are none.
 * https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
 * @throws {Error} for a pattern that is not valid JSON or uses an operator that does not exist
 */
export function compileFilters(patterns: readonly string[]): Filter {
  if (patterns.length === 0) return () => true;
  const tests = patterns.map((pattern) => compileObject(JSON.parse(pattern)));
  return (record) => tests.some((test) => test(record));
}

function compileObject(pattern: unknown): Test {
  if (pattern === null || typeof pattern !== 'object' || Array.isArray(pattern)) {
    throw new Error(`a filter pattern is an object, not ${JSON.stringify(pattern)}`);
  }
  const members = Object.entries(pattern).map(([key, expected]): Test => {
    if (key === '$or' && Array.isArray(expected)) {
      const options = expected.map(compileObject);
      return (value) => options.some((test) => test(value));
    }
    const test = Array.isArray(expected) ? compileAlternatives(expected) : compileObject(expected);
    return (value) => test(member(value, key));
  });
  return (value) => members.every((test) => test(value));
}

function member(value: unknown, key: string): unknown {
  return value !== null && typeof value === 'object' ? (value as Record<string, unknown>)[key] : undefined;
}

function compileAlternatives(alternatives: unknown[]): Test {
  const tests = alternatives.map(compileRule);
  // An array in the event matches when one of its elements does.
  return (value) => tests.some((test) => (Array.isArray(value) ? value.some(test) : test(value)));
}

function compileRule(rule: unknown): Test {
  if (rule === null || typeof rule !== 'object') return (value) => value === rule;
  const [[operator, operand] = [], ...more] = Object.entries(rule);
  if (operator === undefined || more.length > 0) throw new Error(`bad filter rule ${JSON.stringify(rule)}`);
  const compile = operators[operator];
  if (!compile) throw new Error(`unknown filter operator "${operator}"`);
  return compile(operand);
}

const text =
  (test: (value: string, operand: string) => boolean) =>
  (operand: unknown): Test =>
  (value) =>
    typeof value === 'string' && test(value, String(operand));

const operators: Record<string, (operand: unknown) => Test> = {
  prefix: text((value, prefix) => value.startsWith(prefix)),
  suffix: text((value, suffix) => value.endsWith(suffix)),
  'equals-ignore-case': text((value, other) => value.toLowerCase() === other.toLowerCase()),
  exists: (expected) => (value) => (value !== undefined) === expected,
  'anything-but': (operand) => {
    const excluded = compileAlternatives(Array.isArray(operand) ? operand : [operand]);
    return (value) => value !== undefined && !excluded(value);
  },
  numeric: (operand) => {
    if (!Array.isArray(operand) || operand.length % 2) throw new Error('numeric takes pairs');
    const tests = Array.from({ length: operand.length / 2 }, (_, i) => {
      const [comparison, bound] = [operand[2 * i], Number(operand[2 * i + 1])];
      return (value: number) => compare(comparison, value, bound);
    });
    return (value) => typeof value === 'number' && tests.every((test) => test(value));
  },
};

function compare(comparison: unknown, value: number, bound: number): boolean {
  switch (comparison) {
    case '=':
      return value === bound;
    case '<':
      return value < bound;
    case '<=':
      return value <= bound;
    case '>':
      return value > bound;
    case '>=':
      return value >= bound;
    default:
      throw new Error(`unknown numeric comparison ${JSON.stringify(comparison)}`);
  }
}
