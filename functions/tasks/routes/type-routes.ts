import * as z from 'zod/mini';
import { pageParameters, pageSchema } from '../../platform/page-schema.ts';
import type { Route } from '../../shared/route.ts';
import { rotatedSecretOutput } from '../push/rotate-secret.ts';
import { putTaskTypeOutput, taskTypeInput, taskTypeOutput } from '../types/task-type.ts';

/** Settings of a tenant: its checks of schemas would make the function of the tasks too large. */
const types = { function: 'platform', tag: 'task-types' } as const;

/** A row of the list: a type without its schemas, of which a hundred would not fit into an answer. */
const typeRow = z.omit(taskTypeOutput, { inputSchema: true, resultSchema: true });

export const typeRoutes: Route[] = [
  {
    ...types,
    operation: 'listTaskTypes',
    method: 'GET',
    path: '/api/v1/task-types',
    permission: 'settings:read',
    summary:
      'List the task types by name, the built-in ones too, without their schemas; a key of some types sees those',
    query: pageParameters,
    responses: { 200: { description: 'A page', schema: pageSchema(typeRow) } },
  },
  {
    ...types,
    operation: 'getTaskType',
    method: 'GET',
    path: '/api/v1/task-types/{name}',
    permission: 'settings:read',
    summary: 'Get a task type',
    responses: {
      200: { description: 'The type', schema: taskTypeOutput },
      304: { description: 'Not changed' },
    },
  },
  {
    ...types,
    operation: 'getTaskTypeVersion',
    method: 'GET',
    path: '/api/v1/task-types/{name}/versions/{version}',
    permission: 'settings:read',
    summary: 'Get a task type as it was at a version, for the tasks that were made with it',
    responses: {
      200: { description: 'The type at that version', schema: taskTypeOutput },
      304: { description: 'Not changed' },
    },
  },
  {
    ...types,
    operation: 'putTaskType',
    method: 'PUT',
    path: '/api/v1/task-types/{name}',
    permission: 'settings:write',
    summary:
      'Register a task type, or give it a new version; tasks keep the version they were made with, so a type is never deleted',
    body: taskTypeInput,
    conditional: true,
    responses: {
      200: { description: 'The type, changed or as it was', schema: taskTypeOutput },
      201: { description: 'The new type', schema: putTaskTypeOutput },
    },
  },
  {
    ...types,
    operation: 'rotateTaskTypeSecret',
    method: 'POST',
    path: '/api/v1/task-types/{name}/rotate-secret',
    permission: 'settings:write',
    summary: 'Make a new secret for the calls of a type; the one before goes on signing for a day',
    responses: { 200: { description: 'The new secret', schema: rotatedSecretOutput } },
  },
];
