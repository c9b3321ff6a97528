import * as z from 'zod/mini';
import type { Route } from '../../shared/route.ts';
import { rotatedSecretOutput } from '../push/rotate-secret.ts';
import { putTaskTypeOutput, taskTypeInput, taskTypeOutput } from '../task-type.ts';
import { common, page } from './common.ts';

export const typeRoutes: Route[] = [
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
        schema: z.strictObject({ data: z.array(taskTypeOutput), page: page }),
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
      201: { description: 'The new type', schema: putTaskTypeOutput },
    },
  },
  {
    ...common,
    operation: 'rotateTaskTypeSecret',
    method: 'POST',
    path: '/api/v1/task-types/{name}/rotate-secret',
    permission: 'settings:write',
    tag: 'task-types',
    summary: 'Make a new secret for the calls of a type; the one before goes on signing for a day',
    responses: { 200: { description: 'The new secret', schema: rotatedSecretOutput } },
  },
];
