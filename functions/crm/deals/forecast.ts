import * as z from 'zod/mini';
import { type ForecastMonth, readForecast } from '../../platform/counting/forecast.ts';
import { now } from '../../shared/clock.ts';
import { currencyExponent } from '../../shared/money/currencies.ts';
import { type ProblemDetail, validationFailed } from '../../shared/problem.ts';

const parameter = (description: string) => z.optional(z.string().check(z.meta({ description })));

export const forecastParameters = z.strictObject({
  pipelineId: parameter('Deals of one pipeline; of all when left out.'),
  from: parameter('The first month, such as 2026-01; this month (UTC) when left out.'),
  to: parameter('The last month; eleven months after the first when left out, at most 120 months.'),
  currency: parameter('Only amounts in this currency.'),
});

export const forecastOutput = z.strictObject({
  /** `null`: deals without an expected close. */
  month: z.nullable(z.string()),
  /** Deals, also those without an amount. */
  count: z.int(),
  byCurrency: z.array(
    z.strictObject({
      currency: z.string(),
      count: z.int(),
      amount: z.int(),
      /** Amount × probability, half up for each deal. */
      weighted: z.int(),
    }),
  ),
});

const maxMonths = 120;
/** The last month that a date can be in: four digits of a year. */
const lastMonth = 9_999 * 12 + 11;

/**
 * The forecast from the counters, which follow writes within about a second. Months without deals are left out.
 * @throws {Problem} `validation_failed`
 */
export async function forecastDeals(
  tenantId: string,
  query: Record<string, string>,
): Promise<{ data: ForecastMonth[] }> {
  const errors: ProblemDetail[] = [];
  const wrong = (name: string, message: string) =>
    errors.push({ parameter: name, code: 'invalid_value', message });
  const monthOf = (name: 'from' | 'to', otherwise: number) => {
    const text = query[name];
    const month = text === undefined ? otherwise : parseMonth(text);
    if (month === undefined) wrong(name, 'must be a month such as 2026-01');
    return month ?? otherwise;
  };
  const from = monthOf('from', now().getUTCFullYear() * 12 + now().getUTCMonth());
  const to = monthOf('to', Math.min(from + 11, lastMonth));
  if (errors.length === 0 && to < from) wrong('to', 'must not be before from');
  if (to - from >= maxMonths) wrong('to', `must be at most ${maxMonths} months from the first`);
  const { currency, pipelineId } = query;
  if (currency !== undefined && currencyExponent(currency) === undefined) {
    wrong('currency', 'must be an ISO 4217 currency in capitals, such as EUR');
  }
  if (errors.length > 0) throw validationFailed(errors);
  const months = await readForecast(tenantId, pipelineId, monthText(from), monthText(to));
  return { data: currency === undefined ? months : months.flatMap((month) => inCurrency(month, currency)) };
}

function inCurrency(month: ForecastMonth, currency: string): ForecastMonth[] {
  const byCurrency = month.byCurrency.filter((amount) => amount.currency === currency);
  const count = byCurrency.reduce((sum, amount) => sum + amount.count, 0);
  return count === 0 ? [] : [{ ...month, count, byCurrency }];
}

/** Months since the year 0. */
function parseMonth(text: string): number | undefined {
  const match = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(text);
  return match ? Number(match[1]) * 12 + Number(match[2]) - 1 : undefined;
}

function monthText(month: number): string {
  const year = String(Math.floor(month / 12)).padStart(4, '0');
  return `${year}-${String((month % 12) + 1).padStart(2, '0')}`;
}
