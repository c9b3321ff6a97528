import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

interface Saved {
  /** A table made anew has another stream, whose numbers start again. */
  streamArn: string;
  /** Epoch seconds: a mapping that starts at LATEST takes no record older than itself. */
  createdAt: number;
  /** Shard → sequence number of the last record that is done. */
  shards: Record<string, string>;
}

/**
 * Where a stream consumer has got to, in one file. It is replaced as a whole, so that a process killed at any
 * moment leaves either the old or the new position: records may come twice, none is left out.
 */
export class CheckpointStore {
  readonly #path: string;
  readonly #saved: Saved;

  constructor(path: string, streamArn: string) {
    this.#path = path;
    mkdirSync(dirname(path), { recursive: true });
    const found = read(path);
    if (found?.streamArn === streamArn) {
      this.#saved = found;
    } else {
      this.#saved = { streamArn, createdAt: Date.now() / 1000, shards: {} };
      this.#write();
    }
  }

  get createdAt(): number {
    return this.#saved.createdAt;
  }

  get(shardId: string): string | undefined {
    return this.#saved.shards[shardId];
  }

  set(shardId: string, sequenceNumber: string): void {
    this.#saved.shards[shardId] = sequenceNumber;
    this.#write();
  }

  #write(): void {
    writeFileSync(`${this.#path}.new`, JSON.stringify(this.#saved));
    renameSync(`${this.#path}.new`, this.#path);
  }
}

function read(path: string): Saved | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
