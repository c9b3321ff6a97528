/** The one clock of the service: every stored time is made here. */
export function now(): Date {
  return new Date();
}

/** An instant as Tandem stores and answers it: ISO 8601, UTC, milliseconds (`2026-01-31T09:30:00.000Z`). */
export function instant(date: Date = now()): string {
  return date.toISOString();
}
