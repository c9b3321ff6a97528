/** Between two reports of a long task, in milliseconds. */
export const betweenReports = 2_000;

const smallest = 50;
const largest = 800;
/** Characters of the rows taken at a time: what bounds memory where rows are long. */
const maxCharacters = 2_000_000;

/**
 * How many rows to take at a time: enough for several transactions side by side, and few enough that the clock is
 * looked at every few seconds whatever a row costs, since a run must end before the time of its invocation does.
 */
export class RowPace {
  #rows = 200;

  /** True when rows of so many characters are enough. */
  isFull(rows: number, characters: number): boolean {
    return rows >= this.#rows || characters >= maxCharacters;
  }

  /** Tells how long the last rows have taken, in milliseconds. */
  took(millis: number): void {
    if (millis < 1_500) this.#rows = Math.min(largest, this.#rows * 2);
    else if (millis > 3_000) this.#rows = Math.max(smallest, Math.floor(this.#rows / 2));
  }
}
