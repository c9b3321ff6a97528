import { pageParameters, pageSchema } from '../../platform/page-schema.ts';
import type { Route } from '../../shared/route.ts';
import { scheduleInput, scheduleOutput, scheduleRow } from '../schedules/schedule-input.ts';
import { common } from './common.ts';

const base = '/api/v1/task-schedules';
const schedules = { ...common, tag: 'task-schedules' } as const;

export const scheduleRoutes: Route[] = [
  {
    ...schedules,
    operation: 'listTaskSchedules',
    method: 'GET',
    path: base,
    permission: 'tasks:read',
    summary: 'List the schedules by name, without their inputs',
    query: pageParameters,
    responses: { 200: { description: 'A page', schema: pageSchema(scheduleRow) } },
  },
  {
    ...schedules,
    operation: 'getTaskSchedule',
    method: 'GET',
    path: `${base}/{name}`,
    permission: 'tasks:read',
    summary: 'Get a schedule with its next times',
    responses: { 200: { description: 'The schedule', schema: scheduleOutput } },
  },
  {
    ...schedules,
    operation: 'putTaskSchedule',
    method: 'PUT',
    path: `${base}/{name}`,
    permission: 'tasks:write',
    summary: 'Make tasks at certain times, or change what is made and when',
    body: scheduleInput,
    conditional: true,
    responses: {
      200: { description: 'The schedule, changed', schema: scheduleOutput },
      201: { description: 'The new schedule', schema: scheduleOutput },
    },
  },
  {
    ...schedules,
    operation: 'deleteTaskSchedule',
    method: 'DELETE',
    path: `${base}/{name}`,
    permission: 'tasks:write',
    summary: 'Delete a schedule; the tasks that it has made stay',
    conditional: true,
    responses: { 204: { description: 'Deleted' } },
  },
];
