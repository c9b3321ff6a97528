import { readCounters } from '../platform/counters.ts';
import { batchGetItems } from '../shared/dynamo/table.ts';
import { parseListQuery } from '../shared/list/parse-list-query.ts';
import { validationFailed } from '../shared/problem.ts';
import { validate } from '../shared/validation.ts';
import { carryOut } from '../shared/write-plan.ts';
import { enqueueTask } from '../tasks/enqueue/enqueue.ts';
import { enqueueInput } from '../tasks/enqueue/enqueue-input.ts';
import { getTask, listTasks, taskList } from '../tasks/find-tasks.ts';
import { cancelInput, cancelTask } from '../tasks/lifecycle/cancel.ts';
import { completeByHand } from '../tasks/lifecycle/complete-by-hand.ts';
import { taskPatch } from '../tasks/lifecycle/patch-input.ts';
import { patchTask } from '../tasks/lifecycle/patch-task.ts';
import { retryTask } from '../tasks/lifecycle/retry.ts';
import { type TaskItem, taskKey } from '../tasks/task.ts';
import { toView } from '../tasks/task-view.ts';
import { expectedVersion, type FieldCall, type FieldTable, orNull, reading, withoutNulls } from './field.ts';
import { filterParameters, pageParameters, plainParameters } from './list-arguments.ts';
import { lookUp } from './nested-list.ts';
import { once } from './once.ts';

const read = reading('tasks:read');
const write = reading('tasks:write');

/** Inputs and results may be large, so they are read only where they are asked for: JSON text, as it was sent. */
const textOf = (member: 'input' | 'result') => (calls: FieldCall[]) =>
  lookUp(
    calls,
    ({ source }) => source.id,
    async (ids) => {
      const tenantId = calls[0]?.caller.tenantId ?? '';
      const tasks = (await batchGetItems(
        'tasks',
        ids.map((id) => taskKey(tenantId, id)),
      )) as TaskItem[];
      return new Map(tasks.flatMap((task) => (task[member] === undefined ? [] : [[task.id, task[member]]])));
    },
  );

async function countTasks({ source, caller }: FieldCall): Promise<number> {
  const [filter, ...more] = parseListQuery(filterParameters(source.filter), taskList).filters;
  if (more.length > 0 || (filter && !(filter.field === 'state' && filter.operator === 'eq'))) {
    throw validationFailed([
      {
        parameter: 'total',
        code: 'unsupported_total',
        message: 'a total is known without a filter or with state alone',
      },
    ]);
  }
  const counters = await readCounters(caller.tenantId, 'task');
  return counters[filter ? `state:${filter.values[0]}` : 'total'] ?? 0;
}

/** Task fields of the schema. Programs claim and settle over REST, where long polling and leases are. */
export const taskFields: FieldTable = {
  'Query.task': read(async (call) => {
    const task = await orNull(getTask(call.args.id, call));
    return task && toView(task);
  }),
  'Query.tasks': read(async (call) => {
    const { tenantId: _tenantId, ...args } = call.args;
    return (await listTasks(plainParameters(args), call)).data;
  }),
  'Query.taskPage': read(async (call) => {
    const { data, page } = await listTasks(pageParameters(call.args), call);
    return { items: data, nextCursor: page.nextCursor, filter: call.args.filter };
  }),
  'TaskPage.total': read(countTasks),
  'TaskDashboard.recent': read(
    async (call) => (await listTasks(plainParameters({ limit: call.args.limit ?? 5 }), call)).data,
  ),
  'Task.input': { permission: 'tasks:read', resolveAll: textOf('input') },
  'Task.result': { permission: 'tasks:read', resolveAll: textOf('result') },
  'Mutation.createTask': write((call) =>
    once('createTask', call, async (commit) => {
      const input = validate(enqueueInput, withoutNulls(call.args.input), '/input');
      const { task } = await enqueueTask(input, call, (writes, enqueued) =>
        commit(writes, toView(enqueued.task)),
      );
      return toView(task);
    }),
  ),
  'Mutation.updateTask': write(async (call) => {
    const patch = validate(taskPatch, call.args.input, '/input');
    return toView(await patchTask(call.args.id, patch, call, expectedVersion(call)));
  }),
  'Mutation.completeTask': write(async (call) => {
    const { task } = await completeByHand(
      call.args.id,
      call.args.result ?? undefined,
      call,
      expectedVersion(call),
    );
    return toView(task);
  }),
  'Mutation.cancelTask': write(async (call) => {
    const reason = validate(cancelInput, withoutNulls({ reason: call.args.reason ?? null }))?.reason;
    return toView(await cancelTask(call.args.id, reason, call, carryOut, expectedVersion(call)));
  }),
  'Mutation.retryTask': write(async (call) =>
    toView(
      await retryTask(call.args.id, call.args.input ?? undefined, call, carryOut, expectedVersion(call)),
    ),
  ),
};
