import * as z from 'zod/mini';
import { listParameters } from '../shared/list/list-parameters.ts';
import type { Route } from '../shared/route.ts';
import { cancelInput } from './cancel.ts';
import { claimInput } from './claim.ts';
import { batchInput } from './enqueue-batch.ts';
import { enqueueInput } from './enqueue-input.ts';
import { described } from './fields.ts';
import { fileInput, fileOutput, uploadOutput } from './files-schema.ts';
import { taskList } from './find-tasks.ts';
import { heartbeatInput, heartbeatOutput } from './heartbeat.ts';
import { importInput } from './import-input.ts';
import { retryInput } from './retry.ts';
import { completeInput, failInput, releaseInput } from './settle.ts';
import { taskTypeInput, taskTypeOutput } from './task-type.ts';
import { taskOutput } from './task-view.ts';

const page = { nextCursor: z.nullable(z.string()) };
const base = '/api/v1/tasks';
const common = { function: 'tasks', tag: 'tasks' } as const;
const theTask = { description: 'The task', schema: taskOutput };

/** The token names one lease, and a lease is settled once. */
const byToken =
  'Repeating it with the same lease token gives the task as the first call left it, and changes nothing.';

/** A row of a list: a task without input and result. */
const taskRow = z.omit(taskOutput, { input: true, result: true });

const claimed = z.strictObject({
  tasks: z.array(
    z.strictObject({
      id: z.string(),
      type: z.string(),
      typeVersion: z.int(),
      input: z.unknown(),
      attempt: z.int(),
      leaseToken: described(z.string(), 'Proves the lease in every later call about the task.'),
      leaseExpiresAt: z.string(),
      deadline: z.nullable(z.string()),
    }),
  ),
});

const attempt = z.strictObject({
  attempt: z.int(),
  lease: described(z.int(), 'Numbers the leases of the task, also those that spent no attempt.'),
  workerId: z.string(),
  startedAt: z.string(),
  endedAt: z.nullable(z.string()),
  outcome: z.enum(['running', 'completed', 'failed', 'released', 'lease_expired', 'expired', 'cancelled']),
  error: z.nullable(z.strictObject({ code: z.string(), message: z.string() })),
});

const batchResults = z.strictObject({
  results: z.array(
    z.strictObject({
      index: z.int(),
      status: z.int(),
      data: z.optional(taskOutput),
      problem: z.optional(z.unknown()),
    }),
  ),
});

const typeRoutes: Route[] = [
  {
    ...common,
    operation: 'listTaskTypes',
    method: 'GET',
    path: '/api/v1/task-types',
    permission: 'settings:read',
    tag: 'task-types',
    summary: 'List the task types, the built-in ones too',
    responses: {
      200: {
        description: 'All of them',
        schema: z.strictObject({ data: z.array(taskTypeOutput), page: z.strictObject(page) }),
      },
    },
  },
  {
    ...common,
    operation: 'getTaskType',
    method: 'GET',
    path: '/api/v1/task-types/{name}',
    permission: 'settings:read',
    tag: 'task-types',
    summary: 'Get a task type',
    responses: {
      200: { description: 'The type', schema: taskTypeOutput },
      304: { description: 'Not changed' },
    },
  },
  {
    ...common,
    operation: 'putTaskType',
    method: 'PUT',
    path: '/api/v1/task-types/{name}',
    permission: 'settings:write',
    tag: 'task-types',
    summary: 'Register a task type, or give it a new version; tasks keep the version they were made with',
    body: taskTypeInput,
    conditional: true,
    responses: {
      200: { description: 'The type, changed or as it was', schema: taskTypeOutput },
      201: { description: 'The new type', schema: taskTypeOutput },
    },
  },
];

const enqueueRoutes: Route[] = [
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
];

const readRoutes: Route[] = [
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
        schema: z.strictObject({ data: z.array(taskRow), page: z.strictObject(page) }),
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
        schema: z.strictObject({ data: z.array(attempt), page: z.strictObject(page) }),
      },
    },
  },
];

const workerRoutes: Route[] = [
  {
    ...common,
    operation: 'claimTasks',
    method: 'POST',
    path: `${base}/claim`,
    permission: 'tasks:write',
    summary: 'Lease the next tasks of some types',
    body: claimInput,
    responses: { 200: { description: 'Leased tasks; none when there is nothing to do', schema: claimed } },
  },
  {
    ...common,
    operation: 'heartbeatTask',
    method: 'POST',
    path: `${base}/{id}/heartbeat`,
    permission: 'tasks:write',
    summary: 'Extend a lease and tell the progress',
    body: heartbeatInput,
    conditional: true,
    repeating: 'Repeating it extends the lease from the time of the repetition.',
    responses: { 200: { description: 'The lease', schema: heartbeatOutput } },
  },
  {
    ...common,
    operation: 'completeTask',
    method: 'POST',
    path: `${base}/{id}/complete`,
    permission: 'tasks:write',
    summary: 'Complete a task; people complete a to-do without a lease token',
    body: completeInput,
    conditional: true,
    repeating: byToken,
    responses: { 200: theTask },
  },
  {
    ...common,
    operation: 'failTask',
    method: 'POST',
    path: `${base}/{id}/fail`,
    permission: 'tasks:write',
    summary: 'Report a failed attempt; the task is scheduled again or dead',
    body: failInput,
    conditional: true,
    repeating: byToken,
    responses: { 200: theTask },
  },
  {
    ...common,
    operation: 'releaseTask',
    method: 'POST',
    path: `${base}/{id}/release`,
    permission: 'tasks:write',
    summary: 'Give a task back without spending an attempt',
    body: releaseInput,
    conditional: true,
    repeating: byToken,
    responses: { 200: theTask },
  },
  {
    ...common,
    operation: 'cancelTask',
    method: 'POST',
    path: `${base}/{id}/cancel`,
    permission: 'tasks:write',
    summary: 'Cancel a task; one that is being worked on is cancelled by its worker',
    body: cancelInput,
    conditional: true,
    responses: { 200: theTask },
  },
  {
    ...common,
    operation: 'retryTask',
    method: 'POST',
    path: `${base}/{id}/retry`,
    permission: 'tasks:write',
    summary: 'Make a dead, cancelled or expired task ready again, or reopen a to-do',
    body: retryInput,
    conditional: true,
    responses: { 200: theTask },
  },
];

const fileRoutes: Route[] = [
  {
    ...common,
    operation: 'createFile',
    method: 'POST',
    path: '/api/v1/files',
    permission: 'records:write',
    tag: 'files',
    summary: 'Get a URL to upload a file to; the file is kept for 30 days',
    body: fileInput,
    repeating: 'Repeating it gives a URL for another file; nothing is kept until a file is uploaded.',
    responses: { 201: { description: 'Where and how to upload', schema: uploadOutput } },
  },
  {
    ...common,
    operation: 'getFile',
    method: 'GET',
    path: '/api/v1/files/{fileKey+}',
    permission: 'records:read',
    tag: 'files',
    summary: 'Get a URL to download a file from',
    responses: { 200: { description: 'Where to download', schema: fileOutput } },
  },
  {
    ...common,
    operation: 'createImport',
    method: 'POST',
    path: '/api/v1/imports',
    permission: 'records:write',
    tag: 'imports',
    summary: 'Import records from an uploaded CSV file; the answer is the task that does it',
    body: importInput,
    responses: { 201: theTask },
  },
];

export const taskRoutes: Route[] = [
  ...typeRoutes,
  ...enqueueRoutes,
  ...readRoutes,
  ...workerRoutes,
  ...fileRoutes,
];
