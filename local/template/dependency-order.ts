import { TemplateError } from './template-error.ts';

/**
 * Orders names so that each comes after everything it depends on; otherwise the order of the map is kept.
 * @param dependencies name → the names it needs; all of them keys of the map
 * @param describe how a message calls a name
 * @throws {TemplateError} naming the members of a cycle in order
 */
export function dependencyOrder(
  dependencies: ReadonlyMap<string, ReadonlySet<string>>,
  describe: (name: string) => string,
): string[] {
  const ordered: string[] = [];
  const state = new Map<string, 'open' | 'done'>();
  for (const name of dependencies.keys()) visit(name, []);
  return ordered;

  function visit(name: string, trail: readonly string[]): void {
    if (state.get(name) === 'done') return;
    const here = [...trail, name];
    if (state.get(name) === 'open') {
      const cycle = here.slice(trail.indexOf(name)).map(describe);
      throw new TemplateError(`Dependency cycle: ${cycle.join(' → ')}.`);
    }
    state.set(name, 'open');
    for (const needed of dependencies.get(name) ?? []) visit(needed, here);
    state.set(name, 'done');
    ordered.push(name);
  }
}
