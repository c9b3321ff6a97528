/** Records in the order of their shard, done in any order; only an unbroken row of done ones counts. */
export class Progress {
  readonly #outstanding: { sequenceNumber: string; done: boolean }[] = [];
  readonly #bySequence = new Map<string, { sequenceNumber: string; done: boolean }>();

  add(sequenceNumber: string): void {
    const entry = { sequenceNumber, done: false };
    this.#outstanding.push(entry);
    this.#bySequence.set(sequenceNumber, entry);
  }

  /** @returns the sequence number up to which everything is done, when that has moved */
  done(sequenceNumbers: Iterable<string>): string | undefined {
    for (const sequenceNumber of sequenceNumbers) {
      const entry = this.#bySequence.get(sequenceNumber);
      if (entry) entry.done = true;
    }
    let count = 0;
    while (this.#outstanding[count]?.done) count += 1;
    const finished = this.#outstanding.splice(0, count);
    for (const { sequenceNumber } of finished) this.#bySequence.delete(sequenceNumber);
    return finished.at(-1)?.sequenceNumber;
  }

  get outstanding(): number {
    return this.#outstanding.length;
  }
}
