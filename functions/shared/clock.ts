/** The one clock of the service: every stored time is made here. */
export function now(): Date {
  return new Date();
}

/**
 * Text with a zone, or a date that means its first moment in UTC, as it is stored.
 * @returns undefined when it is none, such as a 30 February, or outside the years 0 to 9999, whose text would not sort
 */
export function parseInstant(text: string): string | undefined {
  const isInstant = instantPattern.test(text) && isDate(text.slice(0, 10));
  const time = isInstant ? Date.parse(text) : Number.NaN;
  const stored = Number.isNaN(time) ? '' : new Date(time).toISOString();
  return /^\d{4}-/.test(stored) ? stored : undefined;
}

/** True for a day of the calendar such as `2026-01-31`; Date.parse takes a 30 February for the 2 March. */
export function isDate(text: string): boolean {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN;
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

/** Hours end at 23: Date.parse takes 24:00 for the next day. */
const instantPattern = /^\d{4}-\d{2}-\d{2}(T([01]\d|2[0-3]):\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** An instant as Tandem stores and answers it: ISO 8601, UTC, milliseconds (`2026-01-31T09:30:00.000Z`). */
export function instant(date: Date = now()): string {
  return date.toISOString();
}
