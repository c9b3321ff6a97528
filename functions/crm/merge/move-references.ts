import type { Actor } from '../../shared/actor.ts';
import type { Item } from '../../shared/dynamo/item.ts';
import { ConditionFailed, type QueryResult, queryPage, updateItem } from '../../shared/dynamo/table.ts';
import { TransactionRefused, transactWrite, type Write } from '../../shared/dynamo/transaction.ts';
import { newId } from '../../shared/ids.ts';
import { mapConcurrently } from '../../shared/map-concurrently.ts';
import { chunkPartition, type Merge, type MovedChunk, mergeKey, statusWrite } from './merge-item.ts';
import { type Referrer, referrers } from './referrers.ts';

/** Writes of references in one transaction, which has two more for the log (AWS: 100). */
const writesAtOnce = 60;
const pagesAtOnce = 8;

/** The merge has been undone meanwhile: there is nothing more to move. */
class Turned extends Error {
  override readonly name = 'Turned';
}

/**
 * Moves what refers to merged contacts to the primary. It begins from the start whenever it is called: what has
 * moved stands in the primary's partitions and no longer in those that are read here. Each transaction moves some
 * references and logs them, so the log is exact, whatever breaks off.
 * @param isOver asked before each transaction
 * @returns false when there was no time to look at everything
 */
export async function moveReferences(merge: Merge, actor: Actor, isOver: () => boolean): Promise<boolean> {
  const sources = merge.otherIds.flatMap((from) => referrers.map((referrer) => ({ from, referrer })));
  // Most have nothing: a merge of few references takes hardly longer than one look.
  const pages = await mapConcurrently(sources, pagesAtOnce, (source) => readPage(source, actor));
  try {
    for (const [at, source] of sources.entries()) {
      const first = pages[at];
      if (first && !(await moveAll(source, first, merge, actor, isOver))) return false;
    }
  } catch (error) {
    if (!(error instanceof Turned)) throw error;
  }
  return true;
}

/** What refers to one of the merged contacts in one way. */
interface Source {
  referrer: Referrer;
  from: string;
}

function readPage({ referrer, from }: Source, { caller }: Actor, startKey?: Item): Promise<QueryResult> {
  return queryPage({
    table: referrer.table,
    index: referrer.index,
    key: {
      text: '#pk = :pk',
      names: { '#pk': referrer.pkAttribute },
      values: { ':pk': referrer.partition(caller.tenantId, from) },
    },
    limit: Math.floor(writesAtOnce / referrer.writesEach),
    project: ['pk', 'sk'],
    ...(startKey && { startKey }),
  });
}

/** What is changed while this reads goes to the end of the partition, and is met there. */
async function moveAll(
  source: Source,
  first: QueryResult,
  merge: Merge,
  actor: Actor,
  isOver: () => boolean,
): Promise<boolean> {
  for (let page = first; ; page = await readPage(source, actor, page.lastKey)) {
    const ids = page.items.map(source.referrer.idOf);
    if (ids.length > 0 && isOver()) return false;
    if (ids.length > 0) await moveSome(source.referrer, ids, source.from, merge, actor);
    if (!page.lastKey) return true;
  }
}

/** One transaction; references that moved on by themselves fall out of it. */
async function moveSome(
  referrer: Referrer,
  ids: string[],
  from: string,
  merge: Merge,
  actor: Actor,
): Promise<void> {
  let rest = ids;
  while (rest.length > 0) {
    const writes = rest.flatMap((id) => referrer.turn(id, from, merge.primaryId, actor));
    try {
      await transactWrite([...writes, ...logWrites(referrer, rest, from, merge, actor.caller.tenantId)]);
      return;
    } catch (error) {
      if (!(error instanceof TransactionRefused)) throw error;
      const failed = error.failed.map(({ index }) => index);
      // What follows the references in it is the log.
      if (failed.some((index) => index >= writes.length)) throw new Turned();
      rest = withoutRefused(referrer, rest, failed);
    }
  }
}

/** The references that a transaction was not refused for. @param failed indexes among their writes */
export function withoutRefused({ writesEach }: Referrer, ids: string[], failed: readonly number[]): string[] {
  const refused = new Set(failed.map((index) => Math.floor(index / writesEach)));
  return ids.filter((_, at) => !refused.has(at));
}

function logWrites({ kind }: Referrer, ids: string[], from: string, merge: Merge, tenantId: string): Write[] {
  const chunk: MovedChunk = { pk: chunkPartition(tenantId, merge.id), sk: newId('mrg'), kind, from, ids };
  return [
    {
      kind: 'update',
      table: 'platform',
      key: mergeKey(tenantId, merge.id),
      update: {
        text: 'ADD moved.#kind :count',
        names: { '#kind': kind },
        values: { ':count': ids.length },
      },
      condition: {
        text: '#status IN (:running, :completed)',
        names: { '#status': 'status' },
        values: { ':running': 'running', ':completed': 'completed' },
      },
    },
    { kind: 'put', table: 'platform', item: { ...chunk } },
  ];
}

/** The merge is over: everything that referred to the others has been looked at. */
export async function completeMerge({ id }: Merge, { caller }: Actor): Promise<void> {
  const { table, key, update, condition } = statusWrite(caller.tenantId, id, ['running'], 'completed');
  await unlessTurned(() => updateItem(table, key, update, condition));
}

/** A status that has moved on already is how it should be. */
export async function unlessTurned(write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}
