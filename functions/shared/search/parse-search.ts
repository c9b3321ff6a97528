import { termsOf } from './words.ts';

const maxQueryLength = 200;
const maxTerms = 8;

/** The terms of a `q`. @throws with what is wrong */
export function parseSearch(text: string): string[] {
  if (text.length > maxQueryLength) throw new Error(`must have at most ${maxQueryLength} characters`);
  const terms = termsOf(text);
  if (terms.length === 0) throw new Error('must have a letter or digit');
  if (terms.length > maxTerms) throw new Error(`must have at most ${maxTerms} words`);
  return terms;
}
