/** https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html: Lambda looks into a shard four times a second. */
const slowest = 250;
const fastest = 15;

/**
 * How long to wait, in milliseconds, after a read that brought something. The first change after a quiet time is
 * taken at once; while changes keep coming they are taken together, ever more of them, because a batch costs far
 * more than a record of it: an invocation, a transaction, a round of publishing.
 */
export class ReadingPace {
  #pause = 0;

  /** The last read brought something. */
  next(): number {
    this.#pause = Math.min(slowest, Math.max(fastest, this.#pause * 2));
    return this.#pause;
  }

  /** The last read brought nothing. */
  reset(): void {
    this.#pause = 0;
  }
}
