/**
 * The pause between two empty polls: short after something came, longer the longer nothing comes. `wake` ends it
 * at once, so that whoever knows of news need not wait for the poll.
 */
export class IdleWait {
  readonly #longest: number;
  #next = 0;
  #news = false;
  #end: (() => void) | undefined;

  /** @param longest milliseconds */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /** Something came: poll again without a pause. */
  reset(): void {
    this.#next = 0;
  }

  wake(): void {
    this.#news = true;
    this.#end?.();
  }

  async pause(): Promise<void> {
    if (!this.#news) {
      this.#next = Math.min(this.#longest, Math.max(5, this.#next * 2));
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, this.#next);
      this.#end = resolve;
      await promise;
      clearTimeout(timer);
      this.#end = undefined;
    }
    if (this.#news) this.reset();
    this.#news = false;
  }
}
