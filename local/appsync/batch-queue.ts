/** One answer for each of the payloads, in their order. */
export type SendBatch = (payloads: readonly unknown[]) => Promise<readonly unknown[]>;

interface Waiting {
  payload: unknown;
  resolve(answer: unknown): void;
  reject(error: unknown): void;
}

/** Collects what the fields of one operation ask in the same turn of the event loop, as siblings do. */
export class BatchQueue {
  readonly #waiting = new Map<string, Waiting[]>();

  /**
   * @param key of those that may share a batch: the resolver
   * @param size at most so many payloads at once
   * @throws what `send` throws, for every payload of its batch
   */
  add(key: string, size: number, payload: unknown, send: SendBatch): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const entry = { payload, resolve, reject };
      const waiting = this.#waiting.get(key);
      if (waiting) {
        waiting.push(entry);
        return;
      }
      this.#waiting.set(key, [entry]);
      setImmediate(() => this.#flush(key, size, send));
    });
  }

  #flush(key: string, size: number, send: SendBatch): void {
    const waiting = this.#waiting.get(key) ?? [];
    this.#waiting.delete(key);
    for (let from = 0; from < waiting.length; from += size) {
      const batch = waiting.slice(from, from + size);
      send(batch.map(({ payload }) => payload)).then(
        (answers) => {
          for (const [index, entry] of batch.entries()) entry.resolve(answers[index]);
        },
        (error: unknown) => {
          for (const entry of batch) entry.reject(error);
        },
      );
    }
  }
}
