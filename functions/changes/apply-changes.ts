import { contributionsOf } from '../platform/counting/contributions.ts';
import { maxTransactionWrites, TransactionRefused, transactWrite } from '../shared/dynamo/transaction.ts';
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
  for (const group of inGroups(changes)) {
    try {
      await applyTogether(group);
      done += group.length;
    } catch {
      // One of them cannot be written, or too much is going on: find out which, one at a time.
      for (const change of group) {
        try {
          await applyTogether([change]);
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
async function applyTogether(group: Change[]): Promise<void> {
  let rest = withoutRepeats(group.filter(hasEffect));
  while (rest.length > 0) {
    try {
      await transactWrite([...rest.map(historyWrite), ...counterDeltas(rest).writes()]);
      return;
    } catch (error) {
      if (!(error instanceof TransactionRefused)) throw error;
      const known = new Set(error.failed.map(({ index }) => index));
      rest = rest.filter((_, index) => !known.has(index));
    }
  }
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
function inGroups(changes: Change[]): Change[][] {
  const groups: Change[][] = [];
  let bytes = 0;
  let items = new Set<string>();
  for (const change of changes) {
    const size = JSON.stringify(change.changes).length;
    const touched = itemsOf(change);
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

function itemsOf({ tenantId, entity, id, version, before, after }: Change): Set<string> {
  const counters = [before, after].flatMap((item) => (item ? contributionsOf(tenantId, entity, item) : []));
  return new Set([`${id}#${version}`, ...counters.map(({ key: { pk, sk } }) => `${pk} ${sk}`)]);
}
