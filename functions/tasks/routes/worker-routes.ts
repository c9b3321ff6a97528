import * as z from 'zod/mini';
import type { Route } from '../../shared/route.ts';
import { cancelInput } from '../cancel.ts';
import { claimInput } from '../claim.ts';
import { abandonInput, abandonOutput } from '../claim-abandon.ts';
import { described } from '../fields.ts';
import { heartbeatInput, heartbeatOutput } from '../heartbeat.ts';
import { retryInput } from '../retry.ts';
import { completeInput, failInput, releaseInput } from '../settle.ts';
import { base, common, theTask } from './common.ts';

/** The token names one lease, and a lease is settled once. */
const byToken =
  'Repeating it with the same lease token gives the task as the first call left it, and changes nothing.';

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

export const workerRoutes: Route[] = [
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
    operation: 'abandonClaim',
    method: 'POST',
    path: `${base}/claim/abandon`,
    permission: 'tasks:write',
    summary: 'Give up a claim whose answer nobody will read; what it got is released',
    body: abandonInput,
    repeating: 'Repeating it changes nothing.',
    responses: { 200: { description: 'What was released', schema: abandonOutput } },
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
