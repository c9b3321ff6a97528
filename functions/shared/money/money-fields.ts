import * as z from 'zod/mini';
import { currencyExponent } from './currencies.ts';

/** An ISO 4217 code in capitals. */
export const currency = z.string().check(
  z.refine(
    (code) => currencyExponent(code) !== undefined,
    'must be an ISO 4217 currency in capitals, such as EUR',
  ),
  z.meta({ description: 'ISO 4217', examples: ['EUR'] }),
);

/**
 * Minor units that one amount may have: a hundred thousand million euros. Ours: sums are answered as doubles, which
 * are exact to 2^53 − 1, and nine hundred of the largest amounts stay below that.
 */
export const largestAmount = 10 ** 13;

/** An amount in minor units, 0 to `largestAmount`. */
export const amount = z
  .int()
  .check(
    z.gte(0),
    z.lte(largestAmount),
    z.meta({ description: 'In the minor unit of the currency: 1234 is 12.34 EUR' }),
  );

/** Hundredths of a percent, 0 to 10 000. */
export const basisPoints = z
  .int()
  .check(z.gte(0), z.lte(10_000), z.meta({ description: 'Hundredths of a percent: 1900 is 19 %' }));
