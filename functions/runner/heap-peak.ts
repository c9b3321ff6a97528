/** The most that the heap and its buffers have held while somebody looked: what must not grow with a file. */
export class HeapPeak {
  #bytes = 0;

  look(): void {
    const { heapUsed, external } = process.memoryUsage();
    this.#bytes = Math.max(this.#bytes, heapUsed + external);
  }

  /** Rounded. */
  get megabytes(): number {
    return Math.round(this.#bytes / 1024 ** 2);
  }
}
