import { contributionsOf } from '../platform/counting/contributions.ts';
import {
  newCountersKey,
  type RecountMarker,
  type Recounts,
  readRecounts,
} from '../platform/counting/recount-marker.ts';
import { instant } from '../shared/clock.ts';
import {
  maxTransactionWrites,
  TransactionRefused,
  transactWrite,
  type Write,
} from '../shared/dynamo/transaction.ts';
import type { Change } from './change.ts';
import { counterDeltas } from './counter-deltas.ts';
import { historyWrite } from './history-write.ts';

/** AWS: 4 MB a transaction; half of it leaves room for how items are stored. */
const maxBytes = 2 * 1024 * 1024;

/**
 * Writes history and counters of changes, each exactly once however often it is delivered.
 * @returns how many of the changes, from the first on, are done; all of them unless `error` says what stopped it
 */
export async function applyChanges(changes: Change[]): Promise<{ done: number; error?: unknown }> {
  let done = 0;
  let recounts: Recounts;
  try {
    recounts = await readRecounts(
      changes.map(({ tenantId }) => tenantId),
      instant(),
    );
  } catch (error) {
    return { done, error };
  }
  for (const group of inGroups(changes, recounts)) {
    try {
      await applyTogether(group, recounts);
      done += group.length;
    } catch {
      // One of them cannot be written, or too much is going on: find out which, one at a time.
      for (const change of group) {
        try {
          await applyTogether([change], recounts);
          done += 1;
        } catch (error) {
          return { done, error };
        }
      }
    }
  }
  return { done };
}

/** One transaction; changes that have been written before fall out of it. */
async function applyTogether(group: Change[], recounts: Recounts): Promise<void> {
  let rest = withoutRepeats(group.filter(hasEffect));
  while (rest.length > 0) {
    try {
      await transactWrite([
        ...rest.map((change) => historyWrite(change, recountOf(change, recounts)?.id)),
        ...counterDeltas(rest).writes(),
        ...newCounterWrites(rest, recounts),
      ]);
      return;
    } catch (error) {
      if (!(error instanceof TransactionRefused)) throw error;
      const known = new Set(error.failed.map(({ index }) => index));
      rest = rest.filter((_, index) => !known.has(index));
    }
  }
}

function recountOf({ tenantId, entity }: Change, recounts: Recounts): RecountMarker | undefined {
  return recounts.get(`${tenantId}#${entity}`);
}

/** The same for counters that are being counted anew. */
function newCounterWrites(changes: Change[], recounts: Recounts): Write[] {
  return [...Map.groupBy(changes, (change) => recountOf(change, recounts))].flatMap(([recount, counted]) =>
    recount
      ? counterDeltas(counted.filter((change) => !wasNeverSeen(change, recount))).writes(
          (key) => newCountersKey(key, recount.id),
          Math.ceil(Date.parse(recount.until) / 1_000),
        )
      : [],
  );
}

/** The end of a task's time to live: the recount, which goes by ids, will not find it any more. */
function wasNeverSeen({ entity, action, id }: Change, { position }: RecountMarker): boolean {
  return entity === 'task' && action === 'deleted' && id > position;
}

/** Records have an entry for each version; of a task, a heartbeat, say, changes nothing that is told or counted. */
function hasEffect({ entity, action, changes }: Change): boolean {
  return entity !== 'task' || action !== 'updated' || changes.length > 0;
}

/** DynamoDB refuses a transaction that writes an item twice, and a stream may deliver a record twice in a batch. */
function withoutRepeats(changes: Change[]): Change[] {
  return [...new Map(changes.map((change) => [`${change.id}#${change.version}`, change])).values()];
}

/** As many together as fit: each change writes its history entry and the items that hold what it counts in. */
function inGroups(changes: Change[], recounts: Recounts): Change[][] {
  const groups: Change[][] = [];
  let bytes = 0;
  let items = new Set<string>();
  for (const change of changes) {
    const size = JSON.stringify(change.changes).length;
    const touched = itemsOf(change, recountOf(change, recounts)?.id);
    const together = new Set([...items, ...touched]);
    const current = groups.at(-1);
    const fits = bytes + size <= maxBytes && together.size <= maxTransactionWrites;
    if (current && fits) {
      current.push(change);
      bytes += size;
      items = together;
    } else {
      groups.push([change]);
      bytes = size;
      items = touched;
    }
  }
  return groups;
}

function itemsOf({ tenantId, entity, id, version, before, after }: Change, recount?: string): Set<string> {
  const counters = [before, after].flatMap((item) => (item ? contributionsOf(tenantId, entity, item) : []));
  const keys = counters.flatMap(({ key }) => (recount ? [key, newCountersKey(key, recount)] : [key]));
  return new Set([`${id}#${version}`, ...keys.map(({ pk, sk }) => `${pk} ${sk}`)]);
}
