/**
 * How what is due is counted so that what is overdue is known at any moment without looking at records: by month in
 * one item, by day in an item for each month and, where days are too coarse, by minute in an item for each day.
 * What is overdue is the months before this one, the days before today and the minutes before this one.
 */
export interface DueTime {
  /** `2026-11` */
  month: string;
  /** `22` */
  day: string;
  /** `08:15`; absent for what is due on a day. */
  minute?: string;
}

/** Nothing is due before or after in earnest; the bounds keep the item of months small (400 KB, AWS). */
const earliest = '1970-01-01T00:00';
const latest = '2199-12-31T23:59';

/** @param text a date, or an instant in UTC as it is stored */
export function dueTimeOf(text: string): DueTime {
  const bound = text < earliest ? earliest : text > latest ? latest : text;
  const [date = '', time] = bound.slice(0, text.length).split('T');
  return {
    month: date.slice(0, 7),
    day: date.slice(8, 10),
    ...(time !== undefined && { minute: time.slice(0, 5) }),
  };
}

/** Counters of one item. */
type Counts = Readonly<Record<string, number>>;

/**
 * How many are overdue.
 * @param months counts by month
 * @param days counts by day of the month of `at`
 * @param minutes counts by minute of the day of `at`, where they are kept
 */
export function overdueAt(at: DueTime, months: Counts, days: Counts, minutes: Counts = {}): number {
  const before = (counts: Counts, limit: string) =>
    Object.entries(counts).reduce((sum, [name, count]) => (name < limit ? sum + count : sum), 0);
  return before(months, at.month) + before(days, at.day) + before(minutes, at.minute ?? '');
}
