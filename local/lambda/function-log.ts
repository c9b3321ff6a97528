import { type FileHandle, mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Two files of this size at most are kept per function. */
const largestFile = 5 * 1024 * 1024;

/** A log file that never grows beyond a bound: at {@link largestFile} it becomes `<file>.1`. */
export class FunctionLog {
  readonly #path: string;
  #pending = '';
  #size = 0;
  #file: FileHandle | undefined;
  #writing: Promise<void> | undefined;

  /** @param path absolute; its directory is created with the first line */
  constructor(path: string) {
    this.#path = path;
  }

  write(line: string): void {
    this.#pending += `${line}\n`;
    this.#writing ??= this.#flush();
  }

  /** Waits until everything is in the file. */
  async close(): Promise<void> {
    while (this.#writing) await this.#writing;
    await this.#file?.close();
    this.#file = undefined;
  }

  async #flush(): Promise<void> {
    try {
      // Lets the lines of one burst go in one write.
      await new Promise(setImmediate);
      while (this.#pending) {
        const text = this.#pending;
        this.#pending = '';
        await this.#append(text);
      }
    } catch {
      // A full disk or a deleted data directory must not end the runtime over a log line.
      this.#pending = '';
      await this.#file?.close().catch(() => {});
      this.#file = undefined;
    } finally {
      this.#writing = undefined;
    }
  }

  async #append(text: string): Promise<void> {
    const bytes = Buffer.byteLength(text);
    this.#file ??= await this.#open();
    if (this.#size > 0 && this.#size + bytes > largestFile) {
      await this.#file.close();
      await rename(this.#path, `${this.#path}.1`);
      this.#file = await this.#open();
    }
    await this.#file.appendFile(text);
    this.#size += bytes;
  }

  async #open(): Promise<FileHandle> {
    await mkdir(dirname(this.#path), { recursive: true });
    const file = await open(this.#path, 'a');
    this.#size = (await file.stat()).size;
    return file;
  }
}
