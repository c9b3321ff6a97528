import { countedFields } from '../shared/counted-fields.ts';
import { countersKey } from '../shared/counters-key.ts';
import type { Item } from '../shared/dynamo/item.ts';
import type { Write } from '../shared/dynamo/transaction.ts';
import type { Change } from './change.ts';

/** Counter → how much it moves. */
type Deltas = Map<string, number>;

/**
 * The updates that move the counters by all of these changes, one per tenant and entity; counters that stay as
 * they are are left alone. Sums do not depend on the order of their parts, so neither does this.
 */
export function counterWrites(changes: Change[]): Write[] {
  const byItem = new Map<string, { change: Change; deltas: Deltas }>();
  for (const change of changes) {
    const name = `${change.tenantId}#${change.entity}`;
    const { deltas } = byItem.get(name) ?? { deltas: new Map<string, number>() };
    byItem.set(name, { change, deltas });
    add(deltas, change, change.before, -1);
    add(deltas, change, change.after, 1);
  }
  return [...byItem.values()].flatMap(({ change, deltas }) => counterWrite(change, deltas));
}

function add(deltas: Deltas, { entity }: Change, item: Item | undefined, amount: 1 | -1): void {
  if (!item) return;
  const values = countedFields[entity].flatMap((field) =>
    item[field] === undefined ? [] : [`${field}:${item[field]}`],
  );
  for (const counter of ['total', ...values]) deltas.set(counter, (deltas.get(counter) ?? 0) + amount);
}

function counterWrite({ tenantId, entity }: Change, deltas: Deltas): Write[] {
  const moved = [...deltas].filter(([, amount]) => amount !== 0);
  if (moved.length === 0) return [];
  return [
    {
      kind: 'update',
      table: 'views',
      key: countersKey(tenantId, entity),
      update: {
        text: `ADD ${moved.map((_, at) => `#c${at} :c${at}`).join(', ')}`,
        names: Object.fromEntries(moved.map(([counter], at) => [`#c${at}`, counter])),
        values: Object.fromEntries(moved.map(([, amount], at) => [`:c${at}`, amount])),
      },
    },
  ];
}
