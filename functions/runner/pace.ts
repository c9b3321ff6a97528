/** Between two reports of a long task, in milliseconds. */
export const betweenReports = 2_000;

const smallest = 8;
const largest = 400;

/**
 * How many rows to take at a time, so that the clock is looked at about twice a second whatever a row costs: a run
 * must end before the time of its invocation does.
 */
export class RowPace {
  rows = 100;

  /** Tells how long the last rows have taken. @param millis for `rows` of them */
  took(millis: number): void {
    if (millis < 250) this.rows = Math.min(largest, this.rows * 2);
    else if (millis > 1_000) this.rows = Math.max(smallest, Math.floor(this.rows / 2));
  }
}
