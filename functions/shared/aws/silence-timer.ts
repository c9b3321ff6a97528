/** Gives a connection up when nothing comes over it for too long, however long it lasts in all. */
export class SilenceTimer {
  readonly #controller = new AbortController();
  readonly #millis: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(millis: number) {
    this.#millis = millis;
  }

  /** Aborted, for a `TimeoutError`, when the timer has run out. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Something is waited for from now on. */
  start(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => this.#controller.abort(new DOMException('nothing came for too long', 'TimeoutError')),
      this.#millis,
    );
  }

  /** It has come. */
  stop(): void {
    clearTimeout(this.#timer);
  }
}
