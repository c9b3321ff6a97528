import type { Actor } from '../../shared/actor.ts';
import { instant } from '../../shared/clock.ts';
import type { Item } from '../../shared/dynamo/item.ts';
import type { Expression } from '../../shared/dynamo/table.ts';
import type { EntityDefinition } from './entity.ts';
import { indexAttributes } from './index-attributes.ts';

/**
 * What sets some members of a record that need not be read for it: one more version, who and when, and the index
 * attributes that follow. The condition that the record is there is the caller's to add.
 * @param members plain ones only: no unique value, reference or nested object; `null` clears
 */
export function memberUpdate(
  definition: EntityDefinition,
  id: string,
  members: Record<string, unknown>,
  { caller, requestId }: Actor,
): Expression {
  const updatedAt = instant();
  const index = indexAttributes(definition, caller.tenantId, { ...members, id, updatedAt });
  const values = Object.fromEntries(
    Object.entries(members).map(([field, value]) => [field, value ?? definition.defaults[field]]),
  );
  return setAttributes({ ...values, ...index, updatedAt, updatedBy: caller.subject, requestId });
}

/** `SET` for values, `REMOVE` for `undefined`, and one more version. */
function setAttributes(attributes: Record<string, unknown>): Expression {
  const names: Record<string, string> = { '#version': 'version' };
  const values: Item = { ':one': 1 };
  const sets = ['#version = #version + :one'];
  const removes: string[] = [];
  Object.entries(attributes).forEach(([name, value], at) => {
    names[`#a${at}`] = name;
    if (value === undefined || value === null) {
      removes.push(`#a${at}`);
    } else {
      values[`:a${at}`] = value;
      sets.push(`#a${at} = :a${at}`);
    }
  });
  const text = `SET ${sets.join(', ')}${removes.length > 0 ? ` REMOVE ${removes.join(', ')}` : ''}`;
  return { text, names, values };
}
