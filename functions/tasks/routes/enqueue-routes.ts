import * as z from 'zod/mini';
import type { Route } from '../../shared/route.ts';
import { batchInput } from '../enqueue/enqueue-batch.ts';
import { enqueueInput } from '../enqueue/enqueue-input.ts';
import { described } from '../fields.ts';
import { taskPatch } from '../lifecycle/patch-input.ts';
import { taskOutput } from '../task-view.ts';
import { base, common, theTask } from './common.ts';

/** Tasks that were found may be many times larger than the request. */
const batched = z.extend(taskOutput, {
  input: described(
    z.optional(z.unknown()),
    'Left out, with the result, of tasks found, where the answer would be too large.',
  ),
  result: z.optional(z.unknown()),
});

const batchResults = z.strictObject({
  results: z.array(
    z.strictObject({
      index: z.int(),
      status: z.int(),
      data: z.optional(batched),
      problem: z.optional(z.unknown()),
    }),
  ),
});

export const enqueueRoutes: Route[] = [
  {
    ...common,
    operation: 'enqueueTask',
    method: 'POST',
    path: base,
    permission: 'tasks:write',
    summary: 'Enqueue a task',
    body: enqueueInput,
    responses: {
      200: { description: 'The living task with the same dedupeKey', schema: taskOutput },
      201: theTask,
    },
  },
  {
    ...common,
    operation: 'batchTasks',
    method: 'POST',
    path: `${base}/batch`,
    permission: 'tasks:write',
    summary: 'Enqueue up to 100 tasks at once',
    body: batchInput,
    responses: {
      200: { description: 'All tasks were made or found', schema: batchResults },
      207: { description: 'Some were not; each result has its own status', schema: batchResults },
    },
  },
  {
    ...common,
    operation: 'updateTask',
    method: 'PATCH',
    path: `${base}/{id}`,
    permission: 'tasks:write',
    summary:
      'Change a task by a JSON merge patch: what it says at any time, when it is done until it is worked on',
    body: taskPatch,
    conditional: true,
    responses: { 200: theTask },
  },
];
