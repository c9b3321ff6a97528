import * as z from 'zod';
import { compileExpression, MathError, type MathValue, type Series } from './metric-math.ts';
import type { MetricIdentity, MetricStore } from './metric-store.ts';
import { isStatistic, statistic } from './statistics.ts';

/** Half open, epoch milliseconds. */
export interface Window {
  start: number;
  end: number;
}

const dimension = z.object({ Name: z.string(), Value: z.string() });

/** Members of the API's `Metric` shape. */
export const metricShape = z.object({
  Namespace: z.string(),
  MetricName: z.string(),
  Dimensions: z.optional(z.array(dimension).max(30)),
});

/** Seconds; CloudWatch also takes 1, 5, 10, 20 and 30 for high-resolution metrics, of which there are none here. */
export const periodShape = z.int().positive().multipleOf(60);

export const statisticShape = z
  .string()
  .refine(isStatistic, { error: (issue) => `statistic ${issue.input} is not supported` });

/** A query that `GetMetricData` and the `Metrics` of an alarm share. */
export const metricDataQuery = z.strictObject({
  Id: z
    .string()
    .regex(/^[a-z]\w*$/, 'an id starts with a lower-case letter, then letters, digits, underscores'),
  Label: z.optional(z.string()),
  ReturnData: z.optional(z.boolean()),
  AccountId: z.optional(z.string()),
  Period: z.optional(periodShape),
  Expression: z.optional(z.string().min(1)),
  MetricStat: z.optional(
    z.object({
      Metric: metricShape,
      Period: periodShape,
      Stat: statisticShape,
      Unit: z.optional(z.string()),
    }),
  ),
});
export type MetricDataQuery = z.infer<typeof metricDataQuery>;

/** The API's shape of a metric as the store's. */
export function identityOf(metric: z.infer<typeof metricShape>): MetricIdentity {
  return {
    namespace: metric.Namespace,
    name: metric.MetricName,
    dimensions: Object.fromEntries((metric.Dimensions ?? []).map(({ Name, Value }) => [Name, Value])),
  };
}

/** What a query came to: its windows and, for each, a value or a gap. */
export interface QueryResult {
  query: MetricDataQuery;
  windows: readonly Window[];
  series: Series;
}

/**
 * Answers metric queries, expressions included, over windows of the caller's choosing: aligned ones
 * for the API, sliding ones for alarms.
 */
export class MetricQueries {
  readonly #store: MetricStore;
  readonly #queries: readonly MetricDataQuery[];
  readonly #compiled = new Map<string, ReturnType<typeof compileExpression>>();

  /**
   * @throws {MathError} for a query that has neither or both of `MetricStat` and `Expression`, an id
   *   used twice, or an expression that does not compile
   */
  constructor(store: MetricStore, queries: readonly MetricDataQuery[]) {
    this.#store = store;
    this.#queries = queries;
    const ids = new Set<string>();
    for (const { Id, Expression, MetricStat } of queries) {
      if (ids.has(Id)) throw new MathError(`the id ${Id} is used twice`);
      ids.add(Id);
      if ((Expression === undefined) === (MetricStat === undefined)) {
        throw new MathError(`query ${Id} needs exactly one of MetricStat and Expression`);
      }
      if (Expression !== undefined) this.#compiled.set(Id, compileExpression(Expression));
    }
  }

  /** The period that decides the windows of `id`: its own, or that of the metrics it is made of. Seconds. */
  periodOf(id: string): number {
    const query = this.#find(id);
    const own = query.MetricStat?.Period ?? query.Period;
    if (own !== undefined) return own;
    const periods = this.#queries.flatMap(({ MetricStat }) => MetricStat?.Period ?? []);
    return periods.length > 0 ? Math.max(...periods) : 60;
  }

  /**
   * @param windowsOf gives the windows for a period in seconds, oldest first
   * @throws {MathError} when the expression refers to unknown ids or gives no single series
   */
  evaluate(id: string, windowsOf: (period: number) => readonly Window[]): QueryResult {
    const period = this.periodOf(id);
    const windows = windowsOf(period);
    const value = this.#valueOf(id, windows, period, []);
    if (typeof value === 'number' || 'series' in value) {
      throw new MathError(`query ${id} must give a single time series`);
    }
    return { query: this.#find(id), windows, series: value };
  }

  #valueOf(id: string, windows: readonly Window[], period: number, path: readonly string[]): MathValue {
    if (path.includes(id)) throw new MathError(`the expressions ${[...path, id].join(' → ')} form a circle`);
    const query = this.#find(id);
    if (query.MetricStat) return this.#read(query.MetricStat, windows);
    const compiled = this.#compiled.get(id);
    if (!compiled) throw new MathError(`query ${id} has no expression`);
    return compiled({
      period,
      resolve: (other) => this.#valueOf(other, windows, period, [...path, id]),
      metrics: (contains) =>
        this.#queries.flatMap(({ Id, MetricStat }) =>
          MetricStat && Id.includes(contains) ? [this.#read(MetricStat, windows)] : [],
        ),
    });
  }

  #read({ Metric, Stat }: NonNullable<MetricDataQuery['MetricStat']>, windows: readonly Window[]): Series {
    const metric = identityOf(Metric);
    return windows.map(({ start, end }) => statistic(this.#store.summarise(metric, start, end), Stat));
  }

  #find(id: string): MetricDataQuery {
    const query = this.#queries.find(({ Id }) => Id === id);
    if (!query) throw new MathError(`no query has the id ${id}`);
    return query;
  }
}
