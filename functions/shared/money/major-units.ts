import { currencyExponent } from './currencies.ts';

/**
 * What people write, in minor units: `12.3` EUR is 1230. No signs, no separators of thousands, no more digits than the
 * currency has.
 * @returns undefined when the text is no such amount or passes 2^53 − 1
 */
export function parseMajorUnits(text: string, currency: string): number | undefined {
  const exponent = currencyExponent(currency);
  const [, units, fraction = ''] = /^(\d{1,16})(?:\.(\d{1,4}))?$/.exec(text.trim()) ?? [];
  if (exponent === undefined || units === undefined || fraction.length > exponent) return undefined;
  const minor = Number(BigInt(`${units}${fraction.padEnd(exponent, '0')}`));
  return Number.isSafeInteger(minor) ? minor : undefined;
}

/** An amount as people read it: 1230 EUR is `12.30`, 1230 JPY is `1230`. */
export function formatMajorUnits(minor: number, currency: string): string {
  const exponent = currencyExponent(currency) ?? 0;
  const digits = String(Math.abs(minor)).padStart(exponent + 1, '0');
  const units = digits.slice(0, digits.length - exponent);
  const fraction = exponent > 0 ? `.${digits.slice(-exponent)}` : '';
  return `${minor < 0 ? '-' : ''}${units}${fraction}`;
}
