import * as z from 'zod/mini';
import type { Actor } from '../../shared/actor.ts';
import type { Item } from '../../shared/dynamo/item.ts';
import type { Filter, ListSpec, RowSource } from '../../shared/list/list-spec.ts';
import { parseListQuery } from '../../shared/list/parse-list-query.ts';
import { runList } from '../../shared/list/run-list.ts';
import { described } from '../fields.ts';
import { readTasks } from '../find-tasks.ts';
import { deadCodePartition, deadPartition, deadTypePartition } from '../indexes/index-keys.ts';
import type { TaskItem } from '../task.ts';
import { requireListedType } from '../types/type-scope.ts';
import { type DeadLetter, toDeadLetter } from './dead-letter-view.ts';

const text = (description: string) => z.optional(described(z.string(), description));

export const deadLetterParameters = z.strictObject({
  type: text('Only those of this type.'),
  errorCode: text('Only those that died of this error, such as `lease_expired`.'),
  from: text('Died at this instant or later.'),
  to: text('Died before this instant.'),
  limit: text('Rows in a page, 1 to 100. Default 50.'),
  cursor: text('`page.nextCursor` of the page before.'),
});

/** Where dead tasks stand in the order of their deaths (index-keys.ts), the narrower first. */
export const deadSources = {
  errorCode: source('byTimer', 'timer', deadCodePartition),
  type: source('byDue', 'due', deadTypePartition),
  all: source('byReady', 'ready', deadPartition),
} as const;

function source(index: string, prefix: string, partition: RowSource['partition']) {
  const attributes = { pkAttribute: `${prefix}Pk`, skAttribute: `${prefix}Sk` };
  return { index, ...attributes, keyOf: 'value-and-id' as const, partition };
}

const deadLetterList: ListSpec = {
  what: 'dead letter',
  table: 'tasks',
  idPrefix: 'task',
  filters: {
    type: { type: 'text', operators: ['eq'] },
    errorCode: { type: 'text', operators: ['eq'] },
    from: { type: 'instant', operators: ['eq'] },
    to: { type: 'instant', operators: ['eq'] },
  },
  sorts: { endedAt: deadSources.all },
  partitions: [
    { field: 'errorCode', sort: 'endedAt', source: deadSources.errorCode },
    { field: 'type', sort: 'endedAt', source: deadSources.type },
  ],
  defaultSort: '-endedAt',
};

/**
 * A page of dead letters, the latest death first: one Query of keys and one BatchGetItem. By type and error code
 * together, those of the error code are read and the others left out, at most 1 000 for a page.
 * @throws {Problem} `validation_failed`, `invalid_cursor`, `forbidden`
 */
export async function listDeadLetters(
  query: Record<string, string>,
  { caller }: Actor,
): Promise<{ data: DeadLetter[]; page: { nextCursor: string | null } }> {
  requireListedType(caller, query.type);
  const request = parseListQuery(query, deadLetterList);
  const ranged = { ...request, filters: request.filters.map(asRange) };
  const page = await runList(ranged, deadLetterList, caller.tenantId, {
    hydrate: async (rows) => stillDead(rows, await readTasks(rows)).map(withCode),
  });
  return {
    data: page.items.map((item) => toDeadLetter(item as TaskItem)),
    page: { nextCursor: page.nextCursor },
  };
}

/** `from` and `to` bound the time of death. */
function asRange(filter: Filter): Filter {
  if (filter.field === 'from') return { ...filter, field: 'endedAt', operator: 'gte' };
  if (filter.field === 'to') return { ...filter, field: 'endedAt', operator: 'lt' };
  return filter;
}

/** An index may lag behind: a row counts while its task has died that very death. */
function stillDead(rows: Item[], tasks: TaskItem[]): TaskItem[] {
  const deaths = new Set(rows.map(({ readySk, dueSk, timerSk }) => readySk ?? dueSk ?? timerSk));
  return tasks.filter(({ state, readySk }) => state === 'dead' && deaths.has(readySk));
}

/** Filters look at members of an item, and the code is a member of its error. */
const withCode = (task: TaskItem) => ({ ...task, errorCode: task.error?.code });
