import type { Actor } from '../../shared/actor.ts';
import { singleNumbers } from '../../shared/number-source.ts';
import type { PlannedWrite } from '../../shared/write-plan.ts';
import type { EntityDefinition } from '../records/entity.ts';

/** Digits that every number has at least: `ORD-000001`. */
const digits = 6;

/**
 * The next number of an entity that has numbers, and the write that takes it in the transaction of the record that
 * bears it: numbers have no gaps and no repeats. Whoever loses the race for one gets a `conflict` and draws again.
 */
export async function drawNumber(
  { entity, numberPrefix }: Pick<EntityDefinition, 'entity' | 'numberPrefix'>,
  { caller, numbers = singleNumbers }: Actor,
): Promise<{ member: { number: string }; write: PlannedWrite } | undefined> {
  if (numberPrefix === undefined) return undefined;
  const pk = `${caller.tenantId}#number#${entity}`;
  const { stands, value } = await numbers.draw(pk);
  return {
    member: { number: `${numberPrefix}-${String(value).padStart(digits, '0')}` },
    write: {
      write: {
        kind: 'update',
        table: 'crm',
        key: { pk, sk: 'guard' },
        update: { text: 'SET #value = :value', names: { '#value': 'value' }, values: { ':value': value } },
        condition:
          stands === 0
            ? { text: 'attribute_not_exists(pk)' }
            : { text: '#value = :stands', names: { '#value': 'value' }, values: { ':stands': stands } },
      },
      rank: String(value).padStart(16, '0'),
    },
  };
}
