import { type PageQuery, parsePage } from '../../platform/parse-page.ts';
import type { Actor } from '../../shared/actor.ts';
import { now } from '../../shared/clock.ts';
import { decodeCursor, encodeCursor } from '../../shared/cursor.ts';
import type { Item } from '../../shared/dynamo/item.ts';
import { queryPage } from '../../shared/dynamo/table.ts';
import { getTask } from '../find-tasks.ts';
import type { TaskItem } from '../task.ts';
import {
  type AttemptItem,
  attemptKey,
  attemptPartition,
  leaseOfKey,
  type ProgressItem,
} from './attempt-item.ts';
import { listAttempts, type StandingAttempt } from './attempt-slots.ts';
import { type AttemptView, toAttemptView } from './attempt-view.ts';

export interface AttemptPage {
  data: AttemptView[];
  page: { nextCursor: string | null };
}

/**
 * The attempts of a task, oldest first: one GetItem for those that the task keeps itself, so that a caller sees
 * its own last write, and one Query of the archive for older ones and for what their workers told.
 * @param query `limit` and `cursor` as sent
 * @throws {Problem} `not_found`, `forbidden`, `validation_failed`, `invalid_cursor`
 */
export async function readAttempts(id: string, query: PageQuery, actor: Actor): Promise<AttemptPage> {
  const { limit, cursor } = parsePage(query);
  const { tenantId } = actor.caller;
  const scope = JSON.stringify([tenantId, 'attempts', id]);
  const after = cursor === undefined ? 0 : Number(decodeCursor(cursor, scope)[0]);
  const task = await getTask(id, actor);
  const { archived, upTo } = await readArchive(attemptPartition(tenantId, id), after);
  const known = new Map<number, StandingAttempt>();
  for (const { attempt } of archived.values()) if (attempt) known.set(attempt.lease, attempt);
  for (const entry of listAttempts(task, now().getTime())) known.set(entry.lease, merged(entry, known));
  const inReach = [...known.values()]
    .filter(({ lease }) => lease > after && lease <= upTo)
    .sort((a, b) => a.lease - b.lease);
  const shown = inReach.slice(0, limit);
  const goOn = inReach.length > limit ? shown.at(-1)?.lease : upTo < task.lease ? upTo : undefined;
  return {
    data: shown.map((entry) =>
      toAttemptView(entry, archived.get(entry.lease)?.progress ?? [], latestProgress(entry, task)),
    ),
    page: { nextCursor: goOn === undefined ? null : encodeCursor([String(goOn)], scope) },
  };
}

/** The task's own entry is never older than the archived one, which may have all of the error. */
function merged(own: StandingAttempt, known: Map<number, StandingAttempt>): StandingAttempt {
  const error = own.error && (known.get(own.lease)?.error ?? own.error);
  return { ...own, ...(error && { error }) };
}

/** What the last worker told last: the archive may not have it yet. */
function latestProgress({ lease }: StandingAttempt, task: TaskItem) {
  if (lease !== task.lease || !task.progress) return undefined;
  return { at: task.progressAt ?? task.updatedAt, progress: task.progress };
}

interface Archived {
  attempt?: StandingAttempt;
  progress: Pick<ProgressItem, 'at' | 'progress'>[];
}

/** Items of the archive that a page reads; an attempt has at most some 600. */
const maxRead = 1_000;

/**
 * What the archive has of the attempts after one.
 * @returns `upTo`: the last lease of which nothing is missing
 */
async function readArchive(
  pk: string,
  after: number,
): Promise<{ archived: Map<number, Archived>; upTo: number }> {
  const items: Item[] = [];
  let startKey: Item | undefined;
  for (;;) {
    const page = await queryPage({
      table: 'views',
      key: { text: 'pk = :pk AND sk > :after', values: { ':pk': pk, ':after': `${attemptKey(after)}#~~` } },
      limit: maxRead,
      ...(startKey && { startKey }),
    });
    items.push(...page.items);
    startKey = page.lastKey;
    const reached = startKey && leaseOfKey(String(startKey.sk));
    if (reached === undefined) return { archived: byLease(items), upTo: Number.POSITIVE_INFINITY };
    // The last attempt of a page may go on in the next one.
    const complete = items.filter(({ sk }) => leaseOfKey(String(sk)) < reached);
    if (complete.length > 0) return { archived: byLease(complete), upTo: reached - 1 };
  }
}

function byLease(items: Item[]): Map<number, Archived> {
  const archived = new Map<number, Archived>();
  for (const item of items) {
    const lease = leaseOfKey(String(item.sk));
    const entry: Archived = archived.get(lease) ?? { progress: [] };
    archived.set(lease, entry);
    if (String(item.sk) === attemptKey(lease)) entry.attempt = toStanding(item as unknown as AttemptItem);
    else entry.progress.push(item as unknown as ProgressItem);
  }
  return archived;
}

function toStanding({ outcome, pk: _pk, sk: _sk, ttl: _ttl, ...attempt }: AttemptItem): StandingAttempt {
  return { ...attempt, outcome: outcome ?? 'lease_expired' };
}
