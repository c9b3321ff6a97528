import type { Caller } from '../../shared/caller.ts';
import { currencyExponent } from '../../shared/money/currencies.ts';
import { validationFailed } from '../../shared/problem.ts';
import { tenantSettings } from '../settings/find-settings.ts';

/**
 * The currency that a dashboard's amounts are in: the one asked for, else the tenant's own.
 * @throws {Problem} `validation_failed` for what is no currency
 */
export async function dashboardCurrency(asked: string | undefined, { tenantId }: Caller): Promise<string> {
  if (asked === undefined) return (await tenantSettings(tenantId)).currency;
  if (currencyExponent(asked) !== undefined) return asked;
  throw validationFailed([
    {
      parameter: 'currency',
      code: 'invalid_value',
      message: 'must be an ISO 4217 currency in capitals, such as EUR',
    },
  ]);
}
