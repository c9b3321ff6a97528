import { dueKey, forecastKey } from '../../platform/counting/counter-keys.ts';
import { newCountersKey, type RecountMarker } from '../../platform/counting/recount-marker.ts';
import type { FollowedEntity } from '../../shared/counted-fields.ts';
import { countersKey } from '../../shared/counters-key.ts';
import type { Item, Key } from '../../shared/dynamo/item.ts';
import { type Expression, getItem, queryPage } from '../../shared/dynamo/table.ts';
import { TransactionRefused, transactWrite } from '../../shared/dynamo/transaction.ts';
import { mapConcurrently } from '../../shared/map-concurrently.ts';
import type { Difference } from './recount-state.ts';

const atOnce = 8;
const attempts = 50;
/** Counters of an item that are corrected in one transaction: an expression has at most 300 operators (AWS). */
const maxCounters = 50;

/**
 * Moves the counters in force by what they differ from the new ones. Both move together with every write, in one
 * transaction, so the difference stays what it is while writes go on; it is taken from a moment at which neither moved.
 */
export async function correctCounters(
  tenantId: string,
  entity: FollowedEntity,
  marker: RecountMarker,
): Promise<Difference[]> {
  const found: Difference[] = [];
  for (const range of rangesOf(tenantId, entity)) {
    for await (const keys of keysOf(range, marker)) {
      found.push(...(await mapConcurrently(keys, atOnce, (key) => correct(key, marker))).flat());
    }
  }
  return found;
}

/** Where the counters of an entity are. */
interface Range {
  pk: string;
  /** Items from here… */
  first: string;
  /** … to here. */
  last: string;
}

function rangesOf(tenantId: string, entity: FollowedEntity): Range[] {
  const all = { first: ' ', last: '~' };
  const { pk, sk } = countersKey(tenantId, entity);
  const own = { pk, first: sk, last: `${sk}$` };
  if (entity === 'deal') return [own, { ...all, pk: forecastKey(tenantId, '', '').pk }];
  if (entity === 'task' || entity === 'invoice') {
    return [own, { ...all, pk: dueKey(tenantId, entity, '').pk }];
  }
  return [own];
}

/** Keys of counters in force or new, some of them twice. */
async function* keysOf({ pk, first, last }: Range, { id }: RecountMarker): AsyncGenerator<Key[]> {
  for (const partition of [pk, newCountersKey({ pk, sk: first }, id).pk]) {
    let startKey: Item | undefined;
    do {
      const page = await queryPage({
        table: 'views',
        key: {
          text: 'pk = :pk AND sk BETWEEN :first AND :last',
          values: { ':pk': partition, ':first': first, ':last': last },
        },
        startKey,
        limit: 500,
        consistent: true,
      });
      yield page.items.map(({ sk }) => ({ pk, sk: String(sk) }));
      startKey = page.lastKey;
    } while (startKey);
  }
}

/** @throws {Error} when the item never holds still for the time of a read */
async function correct(key: Key, { id }: RecountMarker): Promise<Difference[]> {
  const newKey = newCountersKey(key, id);
  for (let attempt = 1; ; attempt += 1) {
    const before = countersOf(await getItem('views', key));
    const wanted = countersOf(await getItem('views', newKey));
    const found = differencesOf(key, before, wanted).slice(0, maxCounters);
    if (found.length === 0 && same(before, countersOf(await getItem('views', key)))) return [];
    if (found.length > 0 && (await move(key, newKey, found))) {
      return [...found, ...(found.length === maxCounters ? await correct(key, { id } as RecountMarker) : [])];
    }
    if (attempt === attempts) throw new Error(`the counters ${key.pk} ${key.sk} never hold still`);
    await new Promise((wake) => setTimeout(wake, Math.random() * 50));
  }
}

function countersOf({ pk: _pk, sk: _sk, ttl: _ttl, ...counters }: Item = {}): Record<string, number> {
  return counters as Record<string, number>;
}

function same(one: Record<string, number>, other: Record<string, number>): boolean {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].every((name) => one[name] === other[name]);
}

function differencesOf(
  { pk, sk }: Key,
  before: Record<string, number>,
  wanted: Record<string, number>,
): Difference[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(wanted)])];
  return names
    .map((counter) => ({
      item: `${pk.slice(pk.indexOf('#') + 1)} ${sk}`,
      counter,
      was: before[counter] ?? 0,
      is: wanted[counter] ?? 0,
    }))
    .filter(({ was, is }) => was !== is);
}

/** @returns false when one of the two has moved since it was read */
async function move(key: Key, newKey: Key, found: Difference[]): Promise<boolean> {
  const names = Object.fromEntries(found.map(({ counter }, at) => [`#c${at}`, counter]));
  const stands = (value: 'was' | 'is'): Expression => ({
    // A counter that nothing has moved yet is not there.
    text: found
      .map((one, at) =>
        one[value] === 0 ? `(#c${at} = :z OR attribute_not_exists(#c${at}))` : `#c${at} = :${value}${at}`,
      )
      .join(' AND '),
    names,
    values: {
      ...Object.fromEntries(
        found.flatMap((one, at) => (one[value] === 0 ? [] : [[`:${value}${at}`, one[value]]])),
      ),
      ...(found.some((one) => one[value] === 0) && { ':z': 0 }),
    },
  });
  const update = {
    text: `ADD ${found.map((_, at) => `#c${at} :d${at}`).join(', ')}`,
    names,
    values: Object.fromEntries(found.map(({ was, is }, at) => [`:d${at}`, is - was])),
  };
  try {
    await transactWrite([
      { kind: 'update', table: 'views', key, update, condition: stands('was') },
      { kind: 'check', table: 'views', key: newKey, condition: stands('is') },
    ]);
    return true;
  } catch (error) {
    if (error instanceof TransactionRefused) return false;
    throw error;
  }
}
