import type { Item } from '../shared/dynamo/item.ts';
import type { Expression } from '../shared/dynamo/table.ts';

/** A value for an attribute that has none yet. */
class IfUnset {
  readonly value: unknown;
  constructor(value: unknown) {
    this.value = value;
  }
}

/** Sets the attribute unless it is set already. */
export function ifUnset(value: unknown): unknown {
  return new IfUnset(value);
}

/** Adds one to the attribute, which counts from zero. */
export const oneMore: unique symbol = Symbol('one more');

/**
 * An update of a task that counts its version. `undefined` values are removed, so that one object says how the
 * item shall stand afterwards.
 * @param members by attribute name or document path (`attempts.s1.endedAt`)
 */
export function taskUpdate(members: Record<string, unknown>): Expression {
  const names: Record<string, string> = { '#version': 'version' };
  const values: Item = { ':one': 1 };
  const sets = ['#version = #version + :one'];
  const removes: string[] = [];
  let at = 0;
  for (const path in members) {
    const value = members[path];
    const placeholder = pathPlaceholder(path, names);
    if (value === undefined) {
      removes.push(placeholder);
    } else if (value === oneMore) {
      values[':zero'] = 0;
      sets.push(`${placeholder} = if_not_exists(${placeholder}, :zero) + :one`);
    } else if (value instanceof IfUnset) {
      values[`:${at}`] = value.value;
      sets.push(`${placeholder} = if_not_exists(${placeholder}, :${at})`);
      at += 1;
    } else {
      values[`:${at}`] = value;
      sets.push(`${placeholder} = :${at}`);
      at += 1;
    }
  }
  const text = `SET ${sets.join(', ')}${removes.length > 0 ? ` REMOVE ${removes.join(', ')}` : ''}`;
  return { text, names, values };
}

function pathPlaceholder(path: string, names: Record<string, string>): string {
  if (!path.includes('.')) {
    names[`#${path}`] = path;
    return `#${path}`;
  }
  return path
    .split('.')
    .map((part) => {
      names[`#${part}`] = part;
      return `#${part}`;
    })
    .join('.');
}
