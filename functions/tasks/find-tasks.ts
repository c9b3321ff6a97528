import type { Actor } from '../shared/actor.ts';
import type { Item } from '../shared/dynamo/item.ts';
import { batchGetItems, getItem } from '../shared/dynamo/table.ts';
import type { FilterField, ListSpec, RowSource } from '../shared/list/list-spec.ts';
import { parseListQuery } from '../shared/list/parse-list-query.ts';
import { runList } from '../shared/list/run-list.ts';
import { notFound, validationFailed } from '../shared/problem.ts';
import {
  aboutPartition,
  assigneePartition,
  createdPartition,
  statePartition,
  typePartition,
} from './indexes/index-keys.ts';
import { taskStates } from './lifecycle/state-machine.ts';
import { executors, type TaskItem, taskKey } from './task.ts';
import { type TaskView, toView } from './task-view.ts';
import { requireListedType, requireTypeScope } from './types/type-scope.ts';

/** One task. @throws {Problem} `not_found`, `forbidden` for a key of other types */
export async function getTask(id: string, { caller }: Actor): Promise<TaskItem> {
  const task = (await getItem('tasks', taskKey(caller.tenantId, id))) as TaskItem | undefined;
  if (!task) throw notFound('task', id);
  // A key may follow what it has asked us to do: a redrive of its own types is a task of another type.
  const asked = task.executor === 'builtin' && task.createdBy === caller.subject;
  if (!asked) requireTypeScope(caller, task.type);
  return task;
}

const instantOperators = ['gt', 'gte', 'lt', 'lte'] as const;

function listIndex(index: string, pkAttribute: string, partition: RowSource['partition']): RowSource {
  return { index, pkAttribute, skAttribute: 'sortId', keyOf: 'id', partition };
}

const filters: Record<string, FilterField> = {
  state: { type: 'text', values: taskStates, operators: ['eq', 'ne', 'in'] },
  type: { type: 'text', operators: ['eq', 'ne', 'in'] },
  executor: { type: 'text', values: executors, operators: ['eq', 'ne', 'in'] },
  assigneeId: {
    type: 'text',
    operators: ['eq', 'in'],
    member: true,
    description: 'The subject of a member or API key, `me` for your own',
  },
  about: { type: 'text', operators: ['eq', 'in'], description: 'The record, such as contact:con_01H…' },
  dedupeKey: { type: 'text', operators: ['eq'] },
  workerId: { type: 'text', operators: ['eq', 'in'] },
  priority: { type: 'integer', operators: ['eq', 'gt', 'gte', 'lt', 'lte'] },
  createdAt: { type: 'instant', operators: instantOperators },
  updatedAt: { type: 'instant', operators: instantOperators },
  dueAt: { type: 'instant', operators: instantOperators },
};

/** Tasks in the order of their creation, from the narrowest index that a filter names. */
export const taskList: ListSpec = {
  what: 'task',
  table: 'tasks',
  idPrefix: 'task',
  filters,
  sorts: { createdAt: listIndex('byCreated', 'createdPk', createdPartition) },
  partitions: [
    { field: 'about', sort: 'createdAt', source: listIndex('byAbout', 'aboutPk', aboutPartition) },
    {
      field: 'assigneeId',
      sort: 'createdAt',
      source: listIndex('byAssignee', 'assigneePk', assigneePartition),
    },
    { field: 'state', sort: 'createdAt', source: listIndex('byState', 'statePk', statePartition) },
    { field: 'type', sort: 'createdAt', source: listIndex('byType', 'typePk', typePartition) },
  ],
  defaultSort: '-createdAt',
};

/** A row of a list: inputs and results may be large, so they come with the single task only. */
export type TaskRow = Partial<TaskView>;

/**
 * A page of tasks, without inputs and results: one Query of keys and one BatchGetItem.
 * @throws {Problem} `validation_failed`, `unsupported_sort`, `invalid_cursor`, `forbidden`
 */
export async function listTasks(
  query: Record<string, string>,
  { caller }: Actor,
): Promise<{ data: TaskRow[]; page: { nextCursor: string | null } }> {
  requireListedType(caller, query.type);
  const request = parseListQuery(query, taskList, caller.subject);
  const page = await runList(request, taskList, caller.tenantId, {
    hydrate: readTasks,
  });
  const rows = page.items.map((item) => toView(item as TaskItem));
  return {
    data: request.fields ? rows.map((row) => selectFields(row, request.fields as string[])) : rows,
    page: { nextCursor: page.nextCursor },
  };
}

/** The whole tasks of index rows, in the same order: one BatchGetItem a hundred. */
export async function readTasks(keys: Item[]): Promise<TaskItem[]> {
  const found = await batchGetItems(
    'tasks',
    keys.map(({ pk, sk }) => ({ pk: pk as string, sk: sk as string })),
  );
  return found as TaskItem[];
}

function selectFields(row: TaskView, fields: string[]): TaskRow {
  const unknown = fields.filter((field) => !Object.hasOwn(row, field));
  if (unknown.length > 0) {
    throw validationFailed(
      unknown.map((field) => ({
        parameter: 'fields',
        code: 'unknown_field',
        message: `has the unknown field ${JSON.stringify(field)}; known are: ${Object.keys(row).join(', ')}`,
      })),
    );
  }
  return Object.fromEntries(fields.map((field) => [field, row[field as keyof TaskView]])) as TaskRow;
}
