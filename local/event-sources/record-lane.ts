import type { StreamMappingSettings } from './mapping-settings.ts';
import type { StreamRecord } from './stream-record.ts';

/** The records that wait for one worker, handed out in batches. */
export class RecordLane {
  readonly #settings: StreamMappingSettings;
  #records: StreamRecord[] = [];
  #firstAt = 0;
  #resume: (() => void) | undefined;

  constructor(settings: StreamMappingSettings) {
    this.#settings = settings;
  }

  get size(): number {
    return this.#records.length;
  }

  add(record: StreamRecord): void {
    if (this.#records.length === 0) this.#firstAt = Date.now();
    this.#records.push(record);
    this.changed();
  }

  changed(): void {
    this.#resume?.();
  }

  /** The next batch, once it is full or its window is over; undefined when nothing will come any more. */
  async next(closed: AbortSignal): Promise<StreamRecord[] | undefined> {
    const { batchSize, batchingWindowSeconds } = this.#settings;
    for (;;) {
      const left = this.#firstAt + batchingWindowSeconds * 1000 - Date.now();
      const full = this.#records.length >= batchSize;
      if (this.#records.length > 0 && (full || left <= 0 || closed.aborted)) {
        return this.#records.splice(0, batchSize);
      }
      if (closed.aborted) return undefined;
      await this.#change(this.#records.length > 0 ? left : undefined);
    }
  }

  async #change(atMost?: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#resume = resolve;
    const timer = atMost === undefined ? undefined : setTimeout(resolve, atMost);
    await promise;
    clearTimeout(timer);
  }
}
