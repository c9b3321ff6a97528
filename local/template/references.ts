import { chosenBranch, intrinsicOf, placeholder, type Scope, splitGetAtt, splitSub } from './intrinsics.ts';

/**
 * The names that a value depends on: logical ids, parameters and pseudo parameters. Of an `Fn::If` only the
 * branch that counts is followed.
 */
export function collectReferences(value: unknown, conditions: (name: string) => boolean): Set<string> {
  const names = new Set<string>();
  const scope: Scope = {
    ref: (name) => name,
    getAtt: (logicalId) => logicalId,
    condition: (name) => conditions(name),
    findInMap: () => '',
    describe: (path) => path.join('.'),
  };
  visit(value);
  return names;

  function visit(node: unknown): void {
    if (Array.isArray(node)) {
      for (const item of node) visit(item);
      return;
    }
    if (typeof node !== 'object' || node === null) return;
    const call = intrinsicOf(node);
    if (call === undefined) {
      for (const inner of Object.values(node)) visit(inner);
    } else if (call.name === 'Ref') {
      names.add(String(call.argument));
    } else if (call.name === 'Fn::GetAtt') {
      names.add(splitGetAtt(call.argument, scope, [])[0]);
    } else if (call.name === 'Fn::If') {
      visit(chosenBranch(call.argument, scope, []));
    } else if (call.name === 'Fn::Sub') {
      const [template, own] = splitSub(call.argument, scope, []);
      for (const [, name = ''] of template.matchAll(placeholder)) {
        if (!(name in own)) names.add(name.split('.')[0] ?? name);
      }
      visit(own);
    } else {
      visit(call.argument);
    }
  }
}
