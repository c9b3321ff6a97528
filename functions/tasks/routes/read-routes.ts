import * as z from 'zod/mini';
import { listParameters } from '../../shared/list/list-parameters.ts';
import type { Route } from '../../shared/route.ts';
import { described } from '../fields.ts';
import { taskList } from '../find-tasks.ts';
import { taskOutput } from '../task-view.ts';
import { base, common, page, theTask } from './common.ts';

/** A row of a list: a task without input and result. */
const taskRow = z.omit(taskOutput, { input: true, result: true });

const attempt = z.strictObject({
  attempt: z.int(),
  lease: described(z.int(), 'Numbers the leases of the task, also those that spent no attempt.'),
  workerId: z.string(),
  startedAt: z.string(),
  endedAt: z.nullable(z.string()),
  outcome: z.enum(['running', 'completed', 'failed', 'released', 'lease_expired', 'expired', 'cancelled']),
  error: z.nullable(z.strictObject({ code: z.string(), message: z.string() })),
});

export const readRoutes: Route[] = [
  {
    ...common,
    operation: 'listTasks',
    method: 'GET',
    path: base,
    permission: 'tasks:read',
    summary: 'List tasks, without their inputs and results',
    query: listParameters(taskList),
    responses: {
      200: {
        description: 'A page',
        schema: z.strictObject({ data: z.array(taskRow), page: page }),
      },
    },
  },
  {
    ...common,
    operation: 'getTask',
    method: 'GET',
    path: `${base}/{id}`,
    permission: 'tasks:read',
    summary: 'Get a task',
    responses: { 200: theTask, 304: { description: 'Not changed' } },
  },
  {
    ...common,
    operation: 'getTaskHistory',
    method: 'GET',
    path: `${base}/{id}/history`,
    permission: 'tasks:read',
    summary: 'The latest leases of a task with worker, times and error, oldest first',
    responses: {
      200: {
        description: 'Up to 20',
        schema: z.strictObject({ data: z.array(attempt), page: page }),
      },
    },
  },
];
