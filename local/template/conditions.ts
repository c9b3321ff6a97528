import type { Template } from '../types.ts';
import { resolveValue, type Scope } from './intrinsics.ts';
import { TemplateError } from './template-error.ts';

/**
 * The template's Conditions section as a function of a condition's name.
 * @param scope how Ref and FindInMap read inside a condition: parameters and pseudo parameters only
 * @throws {TemplateError} when asked for a condition that is not defined
 */
export function readConditions(
  template: Template,
  scope: (condition: string) => Scope,
): (name: string) => boolean {
  const known = new Map<string, boolean>();
  return holds;

  function holds(name: string): boolean {
    const seen = known.get(name);
    if (seen !== undefined) return seen;
    const definition = template.Conditions?.[name];
    if (definition === undefined)
      throw new TemplateError(`Condition "${name}" is not defined in this template.`);
    const value = resolveValue(inlineConditions(definition), scope(name)) === true;
    known.set(name, value);
    return value;
  }

  /** In this section `{ Condition: name }` stands for another condition's value. */
  function inlineConditions(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(inlineConditions);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value);
    const [first] = entries;
    if (entries.length === 1 && first?.[0] === 'Condition') return holds(String(first[1]));
    return Object.fromEntries(entries.map(([key, inner]) => [key, inlineConditions(inner)]));
  }
}
