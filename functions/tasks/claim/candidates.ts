import { queryPage } from '../../shared/dynamo/table.ts';
import type { TaskFacts } from '../indexes/facts.ts';
import { duePartition, dueUntil, readSortKey, readyPartition } from '../indexes/index-keys.ts';
import { rankOf } from '../indexes/rank.ts';
import type { TaskType } from '../types/task-type.ts';
import { typeOfVersion } from '../types/type-registry.ts';

/** A task that may be claimed: all that a claim knows of it before it writes. */
export interface Candidate {
  id: string;
  /** At the version that the task was made with. */
  type: TaskType;
  facts: TaskFacts;
  /** Which index it was found in; `key` is its sort key there, and still is while nobody touched the task. */
  source: 'ready' | 'due';
  key: string;
  rank: number;
}

export type ClaimOrder = 'rank' | 'newest';

/**
 * How long an empty due index is taken to stay empty, in milliseconds. It makes a claim one Query a type instead
 * of two, and an ended lease or a task whose time has come is picked up at most this much later.
 */
const emptyDueMillis = 250;
const maxRemembered = 1_000;

const emptyDueSince = new Map<string, number>();

interface Look {
  /** With this many of a type no further shard of its queue is looked into. */
  enough: number;
  /** Read from each shard at most. */
  count: number;
  order: ClaimOrder;
  nowMillis: number;
}

/** What a look into the queues of some types found. */
export interface Candidates {
  /** In claim order. */
  first: Candidate[];
  /**
   * Tasks whose time has come and whose turn has not, where they filled the page of those that became due: it is in
   * the order of time, so they would keep others of a higher priority from being seen.
   */
  passedOver: Candidate[];
}

/**
 * The first candidates of the types in claim order: one Query a type, and at times one for what became due.
 * The order is strict within a shard of the queue; a type has one unless it says otherwise.
 */
export async function readCandidates(
  tenantId: string,
  types: readonly TaskType[],
  look: Look,
): Promise<Candidates> {
  const found = (await Promise.all(types.map((type) => readType(tenantId, type, look)))).flat();
  const { order, count } = look;
  const direction = order === 'newest' ? -1 : 1;
  const sorted = found.flat().sort((a, b) => direction * (a.rank - b.rank || (a.id < b.id ? -1 : 1)));
  const isFull = found.some((list) => list.length === count && list[0]?.source === 'due');
  const passedOver = isFull ? sorted.slice(count).filter(isScheduled) : [];
  return { first: sorted.slice(0, count), passedOver };
}

/** Not one whose lease has ended: that stays claimed until it is leased again. */
const isScheduled = ({ source, facts }: Candidate) => source === 'due' && facts.rank === undefined;

/** Claims of a sandbox take turns with the shards, and each sandbox begins somewhere else. */
let turn = Math.floor(Math.random() * 16);

/** One shard, then the next, then twice as many at a time, while there are too few. */
async function readType(tenantId: string, type: TaskType, look: Look): Promise<Candidate[][]> {
  const shards = type.readyShards;
  turn += 1;
  const first = turn;
  const found: Candidate[][] = [];
  for (let done = 0; done < shards && found.flat().length < look.enough; ) {
    const width = Math.min(Math.max(1, done), shards - done);
    const wave = Array.from({ length: width }, (_, at) => first + done + at);
    const lists = await Promise.all(
      wave.flatMap((at) => [
        readReady(tenantId, type, at % shards, look),
        readDue(tenantId, type, at % shards, look),
      ]),
    );
    found.push(...lists);
    done += width;
  }
  return found;
}

/** No upper bound: a task of negative priority has its rank in the future and yet is ready now. */
async function readReady(
  tenantId: string,
  type: TaskType,
  shard: number,
  { count, order }: Look,
): Promise<Candidate[]> {
  const { items } = await queryPage({
    table: 'tasks',
    index: 'byReady',
    key: { text: 'readyPk = :pk', values: { ':pk': readyPartition(tenantId, type.name, shard) } },
    limit: count,
    descending: order === 'newest',
    project: ['readySk'],
  });
  return Promise.all(
    items.map(async ({ readySk }): Promise<Candidate> => {
      const { id, facts, at } = readSortKey(readySk as string);
      const own = await typeOfVersion(tenantId, type, facts.typeVersion);
      return { id, facts, type: own, source: 'ready', key: readySk as string, rank: at };
    }),
  );
}

async function readDue(
  tenantId: string,
  type: TaskType,
  shard: number,
  { count, order, nowMillis }: Look,
): Promise<Candidate[]> {
  const partition = duePartition(tenantId, type.name, shard);
  if (nowMillis - (emptyDueSince.get(partition) ?? 0) < emptyDueMillis) return [];
  const { items } = await queryPage({
    table: 'tasks',
    index: 'byDue',
    key: {
      text: 'duePk = :pk AND dueSk <= :until',
      values: { ':pk': partition, ':until': dueUntil(nowMillis) },
    },
    limit: count,
    descending: order === 'newest',
    project: ['dueSk'],
  });
  if (items.length === 0) rememberEmpty(partition, nowMillis);
  return Promise.all(
    items.map(async ({ dueSk }): Promise<Candidate> => {
      const { id, facts, at } = readSortKey(dueSk as string);
      const own = await typeOfVersion(tenantId, type, facts.typeVersion);
      const rank = facts.rank ?? rankOf(at, facts.priority, own.priorityWeightSeconds);
      return { id, facts, type: own, source: 'due', key: dueSk as string, rank };
    }),
  );
}

function rememberEmpty(partition: string, nowMillis: number): void {
  if (emptyDueSince.size >= maxRemembered) emptyDueSince.clear();
  emptyDueSince.set(partition, nowMillis);
}
