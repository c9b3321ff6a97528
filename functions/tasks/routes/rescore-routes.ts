import type { Route } from '../../shared/route.ts';
import { theTask } from './common.ts';

export const rescoreRoutes: Route[] = [
  {
    operation: 'rescoreContacts',
    method: 'POST',
    path: '/api/v1/contacts/rescore',
    function: 'tasks',
    permission: 'settings:write',
    tag: 'contacts',
    summary: 'Compute the scores of all contacts anew; the answer is the task that does it',
    responses: { 200: { ...theTask, description: 'The task that is at work already' }, 201: theTask },
  },
];
