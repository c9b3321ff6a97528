import { nearestName } from '../../functions/shared/nearest-name.ts';
import type { TemplateResource } from '../types.ts';
import { collectReferences } from './references.ts';
import { describePlace, TemplateError } from './template-error.ts';

/**
 * Checks that every name a resource mentions exists, before anything is created, so that a typo leaves nothing behind.
 * @param resources the resources whose condition holds
 * @param others parameters and pseudo parameters
 * @returns logical id → the logical ids it depends on
 * @throws {TemplateError} naming the resource, its type, the property path and the nearest known name
 */
export function checkReferences(
  resources: ReadonlyMap<string, TemplateResource>,
  others: ReadonlySet<string>,
  holds: (condition: string) => boolean,
): Map<string, Set<string>> {
  const dependencies = new Map<string, Set<string>>();
  for (const [id, resource] of resources) {
    const needed = new Set<string>();
    for (const name of collectReferences(resource.Properties ?? {}, holds)) {
      if (resources.has(name)) needed.add(name);
      else if (!others.has(name)) {
        const path = pathTo(resource.Properties ?? {}, name);
        throw unknownName(describePlace(id, resource.Type, path), `refers to "${name}"`, name);
      }
    }
    for (const name of [resource.DependsOn ?? []].flat()) {
      if (resources.has(name)) needed.add(name);
      else throw unknownName(describePlace(id, resource.Type), `DependsOn names "${name}"`, name);
    }
    dependencies.set(id, needed);
  }
  return dependencies;

  /** The path of the innermost property whose value mentions the name. */
  function pathTo(value: unknown, name: string, path: string[] = []): string[] {
    if (typeof value !== 'object' || value === null) return path;
    for (const [key, inner] of Object.entries(value)) {
      if (key === 'Ref' || key.startsWith('Fn::')) return path;
      if (collectReferences(inner, holds).has(name)) return pathTo(inner, name, [...path, key]);
    }
    return path;
  }

  function unknownName(place: string, what: string, name: string): TemplateError {
    const near = nearestName(name, [...resources.keys(), ...others]);
    const hint = near === undefined ? '' : ` Did you mean "${near}"?`;
    return new TemplateError(`${place}: ${what}, which this template does not have.${hint}`);
  }
}
