import { nearestName } from './nearest-name.ts';
import { Problem } from './problem.ts';

/** The 400 for a query parameter that is not known, with the nearest one that is. */
export function unknownParameter(name: string, known: string[]): Problem {
  const near = nearestName(name, known);
  const hint = near
    ? `did you mean ${JSON.stringify(near)}?`
    : known.length > 0
      ? `known are: ${known.join(', ')}`
      : 'this operation takes none';
  return new Problem('unknown_parameter', `Unknown parameter ${JSON.stringify(name)}; ${hint}`, {
    errors: [{ parameter: name, code: 'unknown_parameter', message: hint }],
  });
}

/**
 * True for a parameter that the route knows. One that ends in `{name}` stands for all that begin like it, whose
 * rest the operation looks at: names that the tenant chooses.
 */
export function isKnownParameter(name: string, known: string[]): boolean {
  const anyName = '{name}';
  return known.some((candidate) =>
    candidate.endsWith(anyName) ? name.startsWith(candidate.slice(0, -anyName.length)) : candidate === name,
  );
}
