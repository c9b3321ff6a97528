import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StartError } from './start-error.ts';

/** The data directory of this run; nobody else can open it until it is released. */
export interface DataDirectory {
  path: string;
  /** A text that stays the same for this directory, made once; readable by the owner only. */
  keep(name: string, make: () => string): string;
  /** A kept text, if there is one. */
  read(name: string): string | undefined;
  write(name: string, text: string): void;
  release(): void;
}

/**
 * Makes and locks the data directory. The lock is one of SQLite on an own file: the system drops it when the process
 * ends, however that happens, so nothing has to be cleaned up after `kill -9`.
 * @throws {StartError} when another run has it
 */
export function openDataDirectory(path: string): DataDirectory {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new StartError(`The data directory ${path} cannot be made: ${(error as Error).message}.`);
  }
  const lock = new DatabaseSync(join(path, 'lock'), { timeout: 0 });
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch {
    lock.close();
    throw new StartError(`The data directory ${path} is in use by another run${describeOwner(path)}.`);
  }
  const read = (name: string): string | undefined => {
    try {
      return readFileSync(join(path, name), 'utf8');
    } catch {
      return undefined;
    }
  };
  const write = (name: string, text: string): void => {
    writeFileSync(join(path, name), text, { mode: 0o600 });
    chmodSync(join(path, name), 0o600);
  };
  return {
    path,
    read,
    write,
    keep(name, make) {
      const known = read(name);
      if (known) return known;
      const text = make();
      write(name, text);
      return text;
    },
    release: () => lock.close(),
  };
}

function describeOwner(path: string): string {
  try {
    const { url, pid } = JSON.parse(readFileSync(join(path, 'local.json'), 'utf8')) as {
      url: string;
      pid: number;
    };
    return ` (process ${pid}, ${url})`;
  } catch {
    return '';
  }
}
