import { queryPage } from '../../shared/dynamo/table.ts';
import { type Counters, toCounters } from '../counters.ts';
import { sumOf, sumsOf } from './amounts.ts';
import { forecastKey, undated } from './counter-keys.ts';

/** Open deals of one currency that are expected to close in a month. */
export interface ForecastAmount {
  currency: string;
  count: number;
  /** In minor units. */
  amount: number;
  /** Amount × probability, half up for each deal. */
  weighted: number;
}

export interface ForecastMonth {
  /** `2026-11`; `null`: deals without an expected close. */
  month: string | null;
  /** Deals, also those without an amount. */
  count: number;
  byCurrency: ForecastAmount[];
}

/**
 * Open deals by the month in which they are expected to close, months without any left out, those without a day
 * last: two Queries of counters, of as many small items as there are months and pipelines in the range.
 * @param pipelineId all pipelines when absent
 * @param from first month, `2026-11`
 * @param to last month
 */
export async function readForecast(
  tenantId: string,
  pipelineId: string | undefined,
  from: string,
  to: string,
): Promise<ForecastMonth[]> {
  const [dated, others] = await Promise.all([
    readMonths(tenantId, from, to),
    readMonths(tenantId, undated, undated),
  ]);
  const months = new Map<string, Counters>();
  for (const { month, pipeline, counters } of [...dated, ...others]) {
    if (pipelineId !== undefined && pipeline !== pipelineId) continue;
    months.set(month, addUp(months.get(month) ?? {}, counters));
  }
  return [...months].filter(([, { total = 0 }]) => total !== 0).map(toMonth);
}

function toMonth([month, counters]: [string, Counters]): ForecastMonth {
  return {
    month: month === undated ? null : month,
    count: counters.total ?? 0,
    byCurrency: sumsOf(counters, 'amount').map(({ currency, count, value }) => ({
      currency,
      count,
      amount: value,
      weighted: sumOf(counters, 'weighted', currency),
    })),
  };
}

async function readMonths(tenantId: string, from: string, to: string) {
  const { pk, sk: first } = forecastKey(tenantId, from, '');
  // What follows `#` sorts before `$`, the next character.
  const last = `${to}$`;
  const found: { month: string; pipeline: string; counters: Counters }[] = [];
  let startKey: Record<string, unknown> | undefined;
  do {
    const page = await queryPage({
      table: 'views',
      key: {
        text: 'pk = :pk AND sk BETWEEN :first AND :last',
        values: { ':pk': pk, ':first': first, ':last': last },
      },
      startKey,
    });
    for (const item of page.items) {
      const [month = '', pipeline = ''] = String(item.sk).split('#');
      found.push({ month, pipeline, counters: toCounters(item) });
    }
    startKey = page.lastKey;
  } while (startKey);
  return found;
}

function addUp(one: Counters, other: Counters): Counters {
  const sums = { ...one };
  for (const [name, amount] of Object.entries(other)) sums[name] = (sums[name] ?? 0) + amount;
  return sums;
}
