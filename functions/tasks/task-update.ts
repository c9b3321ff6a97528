import type { Item } from '../shared/dynamo/item.ts';
import type { Expression } from '../shared/dynamo/table.ts';

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
