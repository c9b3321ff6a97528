import { isSafePattern } from 'redos-detector';
import type { ProblemDetail } from '../../shared/problem.ts';
import { toPointer } from '../../shared/validation.ts';
import type { JsonSchema } from './definition.ts';
import { subSchemas } from './schema-walk.ts';

/** Steps of the detector for a pattern: the same verdict on every machine. Time is the second bound. */
const maxSteps = 5_000;
const patternMillis = 1_000;
/** All patterns of a schema; the request ends at 29 s. */
const schemaMillis = 5_000;
/** Up to this length of text a pattern whose time grows with a power of the length may be quick. */
const maxSlowLength = 256;
/** Ways in which a slow pattern may divide the longest text, about: tens of milliseconds. */
const maxWays = maxSlowLength ** 3;

/** Patterns are short; the detector's own parser is recursive. */
const maxPatternLength = 1_000;

/** Refuses patterns that some text makes take very long (ReDoS). @param at pointer of the schema in the body */
export function checkPatterns(schema: JsonSchema, at: string): ProblemDetail[] {
  const until = Date.now() + schemaMillis;
  return patternsOf(schema, at).flatMap(({ pointer, pattern, maxLength }) => {
    const refused = refusal(pattern, maxLength, until);
    return refused === undefined ? [] : [{ pointer, code: 'unsafe_pattern', message: refused }];
  });
}

interface PlacedPattern {
  pointer: string;
  pattern: string;
  maxLength: number;
}

function patternsOf(schema: JsonSchema, pointer: string): PlacedPattern[] {
  if (typeof schema === 'boolean') return [];
  const found: PlacedPattern[] = [];
  if (typeof schema.pattern === 'string') {
    const maxLength = typeof schema.maxLength === 'number' ? schema.maxLength : Number.POSITIVE_INFINITY;
    found.push({ pointer: `${pointer}/pattern`, pattern: schema.pattern, maxLength });
  }
  for (const pattern of Object.keys((schema.patternProperties as object | undefined) ?? {})) {
    const path = toPointer(['patternProperties', pattern]);
    found.push({ pointer: pointer + path, pattern, maxLength: Number.POSITIVE_INFINITY });
  }
  for (const { path, schema: inner } of subSchemas(schema)) {
    found.push(...patternsOf(inner as JsonSchema, pointer + toPointer(path)));
  }
  return found;
}

function refusal(pattern: string, maxLength: number, until: number): string | undefined {
  if (pattern.length > maxPatternLength) return `is longer than ${maxPatternLength} characters`;
  if (isQuick(pattern, until)) return undefined;
  if (repeatsRepetition(pattern)) {
    return 'may take very long on some texts; write it without a repetition inside a repetition, so that every text matches in one way only';
  }
  const longest = longestText(pattern);
  if (maxLength <= longest) return undefined;
  return `may take very long on long texts; let every text match in one way only, or give a maxLength of at most ${longest} beside it`;
}

/**
 * The longest text that a pattern without a repetition inside another is still quick on. Each repetition may have
 * to be tried with every length, and all of it from every letter when the pattern does not begin with ^: so the
 * ways to try are at most a power of the length, and with six repetitions a text of 256 letters takes years.
 */
export function longestText(pattern: string): number {
  const text = plainParts(pattern).replaceAll(/\(\?(?:[:=!]|<[=!]|<[^>]*>)/g, '(');
  const counts = [...text.matchAll(/[*+?]\??|\{(\d+)(?:(,)(\d*))?\}\??/g)].map(countsOf);
  counts.push(...alternatives(text));
  if (!text.startsWith('^') || text.includes('|')) counts.push(Number.POSITIVE_INFINITY);
  const ways = (length: number) => counts.reduce((all, most) => all * Math.min(most, length), 1);
  let longest = maxSlowLength;
  while (longest > 1 && ways(longest) > maxWays) longest -= 1;
  return longest;
}

/** How often a quantifier may hold in different ways. */
function countsOf([quantifier, least, comma, most]: RegExpMatchArray): number {
  if (quantifier.startsWith('?')) return 2;
  if (least === undefined || (comma && !most)) return Number.POSITIVE_INFINITY;
  return comma ? Number(most) - Number(least) + 1 : 1;
}

/** How many alternatives each group has, and the pattern itself. */
function alternatives(text: string): number[] {
  const closed: number[] = [];
  const open = [1];
  for (const [sign] of text.matchAll(/[(|)]/g)) {
    if (sign === '(') open.push(1);
    else if (sign === ')') closed.push(open.pop() ?? 1);
    else open.push((open.pop() ?? 1) + 1);
  }
  return [...closed, ...open];
}

/** A pattern with a letter in place of each escape and class. */
function plainParts(pattern: string): string {
  return pattern.replace(/\\(?:[pPuk]\{[^}]*\}|.)/gsu, 'e').replace(/\[[^\]]*\]/g, 'c');
}

function isQuick(pattern: string, until: number): boolean {
  const timeout = Math.min(patternMillis, until - Date.now());
  if (timeout <= 0) return false;
  try {
    return isSafePattern(pattern, { unicode: true, maxSteps, timeout }).safe;
  } catch {
    // What the detector cannot read it cannot vouch for.
    return false;
  }
}

/**
 * Whether a group that is repeated without a small bound has a repetition or alternatives inside. Without such
 * a group the time a match takes grows with a power of the text's length; with one it may double with each letter.
 */
export function repeatsRepetition(pattern: string): boolean {
  const text = plainParts(pattern);
  const groups: boolean[] = [];
  let inner = false;
  for (let at = 0; at < text.length; at += 1) {
    const rest = text.slice(at);
    if (rest.startsWith('(')) {
      groups.push(inner);
      inner = false;
      if (rest.startsWith('(?')) at += 1;
    } else if (rest.startsWith(')')) {
      const varied: boolean = inner;
      if (varied && /^\)(?:[*+]|\{\d+,?\d*\})/.test(rest)) return true;
      inner = (groups.pop() ?? false) || varied;
    } else if (/^(?:[*+?|]|\{\d+,\d*\})/.test(rest)) {
      inner = true;
    }
  }
  return false;
}
