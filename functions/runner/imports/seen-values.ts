import { createHash } from 'node:crypto';

/**
 * The unique values of the rows that a dry run has passed, each with the row that holds it: what the table would
 * know had they been written. Values and holders are kept as numbers of 48 bits, some 40 bytes a value, so that a
 * large file needs little; among a hundred thousand values two are taken for one in one file of fifty thousand.
 */
export class SeenValues {
  readonly #holders = new Map<number, number>();

  /** Notes that `holder` has `value`. @returns false when another one has it already */
  claim(value: string, holder: string): boolean {
    const [key, owner] = [shortHash(value), shortHash(holder)];
    const known = this.#holders.get(key);
    if (known !== undefined) return known === owner;
    this.#holders.set(key, owner);
    return true;
  }

  has(value: string): boolean {
    return this.#holders.has(shortHash(value));
  }
}

function shortHash(text: string): number {
  return createHash('sha256').update(text).digest().readUIntBE(0, 6);
}
