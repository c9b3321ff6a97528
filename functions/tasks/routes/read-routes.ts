import * as z from 'zod/mini';
import { pageParameters } from '../../platform/page-schema.ts';
import { listParameters } from '../../shared/list/list-parameters.ts';
import type { Route } from '../../shared/route.ts';
import { taskList } from '../find-tasks.ts';
import { attemptOutput } from '../history/attempt-view.ts';
import { taskOutput } from '../task-view.ts';
import { base, common, page, theTask } from './common.ts';

/** A row of a list: a task without input and result. */
const taskRow = z.omit(taskOutput, { input: true, result: true });

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
    summary: 'Every attempt of a task with worker, times, outcome, error and progress, oldest first',
    query: pageParameters,
    responses: {
      200: {
        description: 'A page',
        schema: z.strictObject({ data: z.array(attemptOutput), page: page }),
      },
    },
  },
];
