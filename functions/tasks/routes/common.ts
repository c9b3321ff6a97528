import * as z from 'zod/mini';
import { taskOutput } from '../task-view.ts';

/** What the routes of tasks share. */

export const base = '/api/v1/tasks';
export const common = { function: 'tasks', tag: 'tasks' } as const;
export const theTask = { description: 'The task', schema: taskOutput };
/** The second half of every list. */
export const page = z.strictObject({ nextCursor: z.nullable(z.string()) });
