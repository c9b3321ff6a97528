/** Sorts after every character of a key in UTF-8. */
const lastCharacter = '\u{10ffff}';

/**
 * The upper bound of all sort keys that begin so, for a BETWEEN with the beginning itself. It finds the same as
 * `begins_with`, which the local engine reads on to the end of the partition.
 */
export function endOfPrefix(prefix: string): string {
  return `${prefix}${lastCharacter}`;
}
