import * as z from 'zod/mini';
import type { Route } from '../../shared/route.ts';
import { deadLetterOutput } from '../dead-letters/dead-letter-view.ts';
import { deadLetterParameters } from '../dead-letters/list-dead-letters.ts';
import { redriveInput } from '../dead-letters/redrive-input.ts';
import { common, page, theTask } from './common.ts';

const base = '/api/v1/dead-letters';
const tag = 'dead-letters';

export const deadLetterRoutes: Route[] = [
  {
    ...common,
    operation: 'listDeadLetters',
    method: 'GET',
    path: base,
    permission: 'tasks:read',
    tag,
    summary: 'List the tasks that have died, the latest death first',
    query: deadLetterParameters,
    responses: {
      200: {
        description: 'A page',
        schema: z.strictObject({ data: z.array(deadLetterOutput), page: page }),
      },
    },
  },
  {
    ...common,
    operation: 'redriveDeadLetters',
    method: 'POST',
    path: `${base}/redrive`,
    permission: 'tasks:write',
    tag,
    summary: 'Make dead tasks ready again, some or all; the answer is the task that does it',
    body: redriveInput,
    responses: { 201: theTask },
  },
];
