import { randomUUID } from 'node:crypto';
import { ulid } from 'ulid';
import { toSubscriptionFilter } from './subscription-filter.ts';

/**
 * The part of APPSYNC_JS's `util` that knows nothing of the running field:
 * https://docs.aws.amazon.com/appsync/latest/devguide/built-in-util-js.html
 */
export function createUtil(): Record<string, unknown> {
  return {
    autoId: () => randomUUID(),
    autoUlid: () => ulid(),
    urlEncode: (value: string) => encodeURIComponent(value),
    urlDecode: (value: string) => decodeURIComponent(value),
    base64Encode: (value: string) => Buffer.from(value).toString('base64'),
    base64Decode: (value: string) => Buffer.from(value, 'base64').toString(),
    escapeJavaScript: (value: string) => JSON.stringify(value).slice(1, -1).replaceAll("'", "\\'"),
    matches: (pattern: string, value: string) => new RegExp(pattern).test(value),
    time: {
      nowISO8601: () => new Date().toISOString(),
      nowEpochSeconds: () => Math.floor(Date.now() / 1000),
      nowEpochMilliSeconds: () => Date.now(),
      parseISO8601ToEpochMilliSeconds: (timestamp: string) => new Date(timestamp).getTime(),
      epochMilliSecondsToSeconds: (milliseconds: number) => Math.floor(milliseconds / 1000),
      epochMilliSecondsToISO8601: (milliseconds: number) => new Date(milliseconds).toISOString(),
    },
    math: {
      roundNum: (value: number) => Math.round(value),
      minVal: (a: number, b: number) => Math.min(a, b),
      maxVal: (a: number, b: number) => Math.max(a, b),
      randomDouble: () => Math.random(),
      randomWithinRange: (from: number, to: number) => from + Math.floor(Math.random() * (to - from)),
    },
    str: {
      normalize: (value: string, form: string) => value.normalize(form.toUpperCase()),
    },
    transform: { toSubscriptionFilter },
  };
}
