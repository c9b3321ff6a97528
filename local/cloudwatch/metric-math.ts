import { type Expression, parseExpression } from './metric-math-parser.ts';

/** One value per window, oldest first; undefined where there is no data point. */
export type Series = readonly (number | undefined)[];
export type MathValue = number | Series | { series: readonly Series[] };

/** What an expression may refer to. */
export interface MathScope {
  /** @throws {MathError} for an id that no query has */
  resolve(id: string): MathValue;
  /** `METRICS()`, `METRICS("errors")`: the metric queries whose id contains the text. */
  metrics(contains: string): readonly Series[];
  /** Seconds. */
  period: number;
}

/** A metric math expression that cannot be computed; also one that CloudWatch knows and this runtime does not. */
export class MathError extends Error {
  override readonly name = 'MathError';
}

type Binary = (left: number, right: number) => number | undefined;

const operators: Record<string, Binary> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  // CloudWatch leaves a gap where it would have to divide by zero.
  '/': (a, b) => (b === 0 ? undefined : a / b),
  '^': (a, b) => a ** b,
  '<': (a, b) => Number(a < b),
  '<=': (a, b) => Number(a <= b),
  '>': (a, b) => Number(a > b),
  '>=': (a, b) => Number(a >= b),
  '==': (a, b) => Number(a === b),
  '!=': (a, b) => Number(a !== b),
  AND: (a, b) => Number(a !== 0 && b !== 0),
  OR: (a, b) => Number(a !== 0 || b !== 0),
};

const aggregates: Record<string, (values: readonly number[]) => number> = {
  SUM: (values) => values.reduce((sum, value) => sum + value, 0),
  AVG: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  MIN: (values) => Math.min(...values),
  MAX: (values) => Math.max(...values),
};

const pointwise: Record<string, (value: number) => number> = {
  ABS: Math.abs,
  CEIL: Math.ceil,
  FLOOR: Math.floor,
};

/** The functions that `evaluate` knows, for messages. */
export const supportedFunctions = [
  ...Object.keys(aggregates),
  ...Object.keys(pointwise),
  'FILL',
  'IF',
  'METRICS',
  'PERIOD',
];

/**
 * @throws {MathError} for a syntax error, or naming a function that this runtime does not support
 */
export function compileExpression(text: string): (scope: MathScope) => MathValue {
  const expression = parseExpression(text, (message) => new MathError(`${message} in "${text}"`));
  refuseUnknownFunctions(expression, text);
  return (scope) => evaluate(expression, scope);
}

function refuseUnknownFunctions(expression: Expression, text: string): void {
  if (expression.kind === 'call' && !supportedFunctions.includes(expression.name)) {
    throw new MathError(
      `metric math function ${expression.name} in "${text}" is not supported; supported: ${supportedFunctions.join(', ')}`,
    );
  }
  for (const child of childrenOf(expression)) refuseUnknownFunctions(child, text);
}

function childrenOf(expression: Expression): readonly Expression[] {
  if (expression.kind === 'binary') return [expression.left, expression.right];
  if (expression.kind === 'negate') return [expression.operand];
  if (expression.kind === 'call') return expression.args;
  return expression.kind === 'list' ? expression.items : [];
}

function evaluate(expression: Expression, scope: MathScope): MathValue {
  switch (expression.kind) {
    case 'number':
      return expression.value;
    case 'text':
      throw new MathError(`a text is no value: "${expression.value}"`);
    case 'id':
      return scope.resolve(expression.name);
    case 'list':
      return { series: expression.items.map((item) => asSeries(evaluate(item, scope))) };
    case 'negate':
      return binary((a, b) => a - b, 0, evaluate(expression.operand, scope));
    case 'binary': {
      const operator = operators[expression.operator];
      if (!operator) throw new MathError(`operator ${expression.operator} is not supported`);
      return binary(operator, evaluate(expression.left, scope), evaluate(expression.right, scope));
    }
    case 'call':
      return call(expression.name, expression.args, scope);
  }
}

function call(name: string, args: readonly Expression[], scope: MathScope): MathValue {
  if (name === 'METRICS') {
    const [filter] = args;
    return { series: scope.metrics(filter?.kind === 'text' ? filter.value : '') };
  }
  if (name === 'PERIOD') return scope.period;
  if (name === 'FILL') return fill(args, scope);
  const values = args.map((arg) => evaluate(arg, scope));
  if (name === 'IF') return choose(values);
  const [first] = values;
  if (first === undefined || values.length > 1) throw new MathError(`${name} takes one argument`);
  const aggregate = aggregates[name];
  if (aggregate) return aggregateOf(aggregate, first);
  const one = pointwise[name];
  if (!one) throw new MathError(`function ${name} is not supported`);
  return binary((value) => one(value), first, 0);
}

/** Over an array of series: a series; over one series: its single number. */
function aggregateOf(aggregate: (values: readonly number[]) => number, value: MathValue): MathValue {
  if (typeof value === 'number') return value;
  if ('series' in value) {
    const [first = []] = value.series;
    return first.map((_, index) => {
      const present = value.series.map((series) => series[index]).filter((point) => point !== undefined);
      return present.length === 0 ? undefined : aggregate(present);
    });
  }
  const present = value.filter((point) => point !== undefined);
  return present.length === 0 ? 0 : aggregate(present);
}

function fill([target, filler, ...rest]: readonly Expression[], scope: MathScope): MathValue {
  if (!target || !filler || rest.length > 0) throw new MathError('FILL takes two arguments');
  const value = evaluate(target, scope);
  const fillOne = (series: Series): Series => {
    if (filler.kind === 'id' && filler.name === 'REPEAT') {
      let last: number | undefined;
      return series.map((point) => (last = point ?? last));
    }
    const replacement = evaluate(filler, scope);
    return series.map((point, index) => point ?? pointAt(replacement, index));
  };
  if (typeof value === 'number') return value;
  return 'series' in value ? { series: value.series.map(fillOne) } : fillOne(value);
}

function choose(values: readonly MathValue[]): MathValue {
  const [condition, whenTrue, whenFalse] = values;
  if (condition === undefined || whenTrue === undefined)
    throw new MathError('IF takes two or three arguments');
  if (typeof condition === 'number') return condition !== 0 ? whenTrue : (whenFalse ?? []);
  return asSeries(condition).map((point, index) => {
    if (point === undefined) return undefined;
    if (point !== 0) return pointAt(whenTrue, index);
    return whenFalse === undefined ? undefined : pointAt(whenFalse, index);
  });
}

/** Number with number, series with number and array of series with either, as CloudWatch combines them. */
function binary(operator: Binary, left: MathValue, right: MathValue): MathValue {
  if (typeof left === 'number' && typeof right === 'number') return operator(left, right) ?? Number.NaN;
  if (typeof left !== 'number' && 'series' in left) {
    return { series: left.series.map((series) => asSeries(binary(operator, series, right))) };
  }
  if (typeof right !== 'number' && 'series' in right) {
    return { series: right.series.map((series) => asSeries(binary(operator, left, series))) };
  }
  const length = typeof left === 'number' ? asSeries(right).length : left.length;
  return Array.from({ length }, (_, index) => {
    const a = pointAt(left, index);
    const b = pointAt(right, index);
    return a === undefined || b === undefined ? undefined : operator(a, b);
  });
}

function pointAt(value: MathValue, index: number): number | undefined {
  return typeof value === 'number' ? value : asSeries(value)[index];
}

function asSeries(value: MathValue): Series {
  if (typeof value === 'number' || 'series' in value)
    throw new MathError('a single time series is needed here');
  return value;
}
