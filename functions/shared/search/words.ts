/** The words by which records are found: how values become words, and a query becomes terms. */

/** Words kept of a record; further ones are left out, those of its later fields first. */
const maxWords = 25;
/** Characters kept of a word; the terms of a query are cut in the same way, so the rest does not matter. */
const maxWordLength = 40;

/**
 * How a field is read: `text` word by word; `address` (e-mail, domain) and `phone` as one word, whatever is between
 * its characters; `number` like text, and without its leading zeros.
 */
export type WordKind = 'text' | 'address' | 'phone' | 'number';

/** Letters that Unicode does not take apart into a letter and an accent. */
const plainLetters: Record<string, string> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
};

/** What lies between two signs that are no letter or digit, without case and accents. */
export function partsOf(text: string): string[] {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[ßæœøłđðþ]/g, (letter) => plainLetters[letter] ?? letter)
    .split(/[^\p{L}\p{N}]+/u)
    .filter((part) => part !== '');
}

/** The words of some values, each with its kind, in the order in which DynamoDB sorts them. */
export function wordsOf(values: { text: string; kind: WordKind }[]): string[] {
  const plain = values.flatMap(({ text, kind }) => (kind === 'text' ? wordsOfValue(text, kind) : []));
  // What an e-mail repeats of a name is found by the name.
  const isNew = (part: string) => !plain.some((word) => word.startsWith(part));
  const words = values.flatMap(({ text, kind }) =>
    kind === 'address' ? wordsOfAddress(text, isNew) : wordsOfValue(text, kind),
  );
  return [...new Set(words)].slice(0, maxWords).sort(inKeyOrder);
}

/** The whole, the parts before the `@` that say something new, and the domains; nobody looks for what ends in `com`. */
function wordsOfAddress(text: string, isNew: (part: string) => boolean): string[] {
  const parts = partsOf(text);
  const local = text.includes('@') ? partsOf(text.slice(0, text.lastIndexOf('@'))).length : 0;
  return endings(parts)
    .slice(0, -1)
    .filter((_, at) => at === 0 || at >= local || isNew(parts[at] ?? ''));
}

function wordsOfValue(text: string, kind: Exclude<WordKind, 'address'>): string[] {
  switch (kind) {
    case 'text':
      return tokensOf(text).flatMap((token) => endings(partsOf(token)));
    case 'phone':
      return endings(partsOf(text)).filter((digits, at) => at === 0 || digits.length >= phoneEnding);
    case 'number': {
      const short = partsOf(text).map((part) => part.replace(/^0+(?=\d)/, ''));
      return [...wordsOfValue(text, 'text'), ...short.filter((part) => /^\d+$/.test(part))];
    }
  }
}

/** Digits of the shortest end of a telephone number that somebody may look for. */
const phoneEnding = 5;

/**
 * Signs between letters do not count, and any part may be the beginning: `Anne-Marie` is found by `annemarie`,
 * `anne-m` and `marie`, `(206) 555-9857` by `206555` and `555-98`.
 */
function endings(parts: string[]): string[] {
  return parts.map((_, at) => cut(parts.slice(at).join('')));
}

function tokensOf(text: string): string[] {
  return text.split(/\s+/);
}

function cut(word: string): string {
  // The cut may have halved a character.
  return word.slice(0, maxWordLength).replace(/[\ud800-\udbff]$/, '');
}

/** From so many digits on a query that has nothing else is a telephone number, however it is grouped. */
const phoneDigits = 6;

/** What a query asks for: words that begin like each of these. Empty when it has no letter or digit. */
export function termsOf(query: string): string[] {
  const digits = query.replace(/\D/g, '');
  const isPhone = digits.length >= phoneDigits && /^[+\d\s().\-/]*$/.test(query);
  const tokens = isPhone ? [digits] : tokensOf(query);
  const terms = new Set(tokens.map((token) => cut(partsOf(token).join(''))).filter((term) => term !== ''));
  // What begins with `alice` begins with `ali` as well.
  return [...terms].filter((term) => ![...terms].some((other) => other !== term && other.startsWith(term)));
}

/** The term that the fewest words begin with, as far as one can tell without looking: the longest, or a last name. */
export function narrowest(terms: readonly string[]): string {
  return terms.reduce((longest, term) => (term.length >= longest.length ? term : longest), terms[0] ?? '');
}

export function matchesTerms(words: readonly string[], terms: readonly string[]): boolean {
  return terms.every((term) => words.some((word) => word.startsWith(term)));
}

/** Sort keys are compared as UTF-8 (AWS), JavaScript's strings are not. */
export function inKeyOrder(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
