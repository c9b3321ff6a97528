import { countedFields, countedSums, type FollowedEntity } from '../../shared/counted-fields.ts';
import { countersKey } from '../../shared/counters-key.ts';
import type { Item, Key } from '../../shared/dynamo/item.ts';
import { hasEnded, type TaskState } from '../../tasks/lifecycle/state-machine.ts';
import { type DueEntity, dueKey, dueMonthsKey, forecastKey, stageKey, undated } from './counter-keys.ts';
import { dueTimeOf } from './due-time.ts';

/** What one record adds to one counter. */
export interface Contribution {
  key: Key;
  /** The attribute of the item. */
  counter: string;
  amount: bigint;
}

/**
 * Everything that a living record or task is counted in. The counters of a tenant are the sums of these, and a write
 * moves them by what its two images differ in, so this is the one place that says what is counted.
 */
export function contributionsOf(tenantId: string, entity: FollowedEntity, item: Item): Contribution[] {
  const values = countedFields[entity].flatMap((field) =>
    item[field] === undefined ? [] : [`${field}:${item[field]}`],
  );
  const all = counted(countersKey(tenantId, entity), ['total', ...values], entity, item);
  const due = dueOf(entity, item);
  return [
    ...all,
    ...(entity === 'deal' ? dealParts(tenantId, item) : []),
    ...(due === undefined ? [] : dueCounters(tenantId, entity as DueEntity, due)),
  ];
}

/** Counters of one item, and beside each of them the sums in the record's currency. */
function counted(key: Key, counters: string[], entity: FollowedEntity, item: Item): Contribution[] {
  const sums = sumsOf(entity, item);
  return counters.flatMap((counter) => [
    { key, counter, amount: 1n },
    ...sums.map(([name, amount]) => ({ key, counter: `${counter}/${name}`, amount })),
  ]);
}

/** `count/<currency>` and `<sum>/<currency>` of a record that has a currency; an amount that is not set is 0. */
function sumsOf(entity: FollowedEntity, item: Item): [string, bigint][] {
  const { currency } = item;
  const [main, ...further] = countedSums[entity] ?? [];
  if (main === undefined || typeof currency !== 'string') return [];
  const sums = [main, ...further].map((name): [string, bigint] => {
    const amount = name === 'weighted' ? weightedOf(item) : item[name];
    return [`${name}/${currency}`, isAmount(amount) ? BigInt(amount) : 0n];
  });
  return [[`count/${currency}`, 1n], ...sums];
}

function isAmount(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

/** Of an open deal amount × probability, half up for each deal; nothing of the others. */
function weightedOf({ status, amount, probability }: Item): number {
  if (status !== 'open' || !isAmount(amount) || !isAmount(probability)) return 0;
  const product = BigInt(amount) * BigInt(probability) + 50n;
  // BigInt division cuts towards zero, which is down for amounts that are not negative.
  return Number(product >= 0n ? product / 100n : -((-product + 99n) / 100n));
}

/** Deals by stage, and open ones by the month in which they are expected to close. */
function dealParts(tenantId: string, item: Item): Contribution[] {
  const { pipelineId, stageId, status, expectedCloseOn } = item;
  if (typeof pipelineId !== 'string' || typeof stageId !== 'string') return [];
  const month = typeof expectedCloseOn === 'string' ? expectedCloseOn.slice(0, 7) : undated;
  return [
    ...counted(stageKey(tenantId, pipelineId, stageId), ['total'], 'deal', item),
    ...(status === 'open' ? counted(forecastKey(tenantId, month, pipelineId), ['total'], 'deal', item) : []),
  ];
}

/** When it is due, for as long as that matters: open invoices, and tasks that have not ended. */
function dueOf(entity: FollowedEntity, item: Item): string | undefined {
  const open =
    (entity === 'invoice' && item.status === 'open') ||
    (entity === 'task' && !hasEnded(item.state as TaskState));
  const due = open ? item[entity === 'task' ? 'dueAt' : 'dueOn'] : undefined;
  return typeof due === 'string' ? due : undefined;
}

function dueCounters(tenantId: string, entity: DueEntity, due: string): Contribution[] {
  const { month, day, minute } = dueTimeOf(due);
  const amount = 1n;
  return [
    { key: dueMonthsKey(tenantId, entity), counter: month, amount },
    { key: dueKey(tenantId, entity, month), counter: day, amount },
    ...(minute === undefined
      ? []
      : [{ key: dueKey(tenantId, entity, `${month}-${day}`), counter: minute, amount }]),
  ];
}
