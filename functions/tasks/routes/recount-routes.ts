import type { Route } from '../../shared/route.ts';
import { recountInput } from '../recount/create-recount.ts';
import { theTask } from './common.ts';

export const recountRoutes: Route[] = [
  {
    operation: 'rebuildCounters',
    method: 'POST',
    path: '/api/system/counters/rebuild',
    function: 'tasks',
    permission: 'system:write',
    tag: 'system',
    summary:
      "Count the tenant's records and tasks anew and correct its counters, while writes go on; the answer is the task that does it",
    body: recountInput,
    responses: { 200: { ...theTask, description: 'The task that is at work already' }, 201: theTask },
  },
];
