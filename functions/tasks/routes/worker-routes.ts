import * as z from 'zod/mini';
import type { Route } from '../../shared/route.ts';
import { claimInput } from '../claim/claim.ts';
import { abandonInput, abandonOutput } from '../claim/claim-abandon.ts';
import { described } from '../fields.ts';
import { heartbeatInput, heartbeatOutput } from '../lease/heartbeat.ts';
import { completeInput, failInput, releaseInput } from '../lease/settle.ts';
import { cancelInput } from '../lifecycle/cancel.ts';
import { retryInput } from '../lifecycle/retry.ts';
import { reportActions, reportInput } from '../report/report-input.ts';
import { base, common, theTask } from './common.ts';

/** The token names one lease, and a lease is settled once. */
const byToken =
  'Repeating it with the same lease token gives the task as the first call left it, and changes nothing.';

const leases = z.array(
  z.strictObject({
    id: z.string(),
    type: z.string(),
    typeVersion: z.int(),
    input: z.unknown(),
    attempt: z.int(),
    leaseToken: described(z.string(), 'Proves the lease in every later call about the task.'),
    leaseExpiresAt: z.string(),
    deadline: z.nullable(z.string()),
    dependsOn: described(z.array(z.string()), 'Their results are at GET /api/v1/tasks/{id}.'),
  }),
);
const claimed = z.strictObject({ tasks: leases });

const reported = z.strictObject({
  results: z.array(
    z.strictObject({
      index: z.int(),
      id: z.nullable(z.string()),
      action: z.nullable(z.enum(reportActions)),
      status: z.int(),
      replayed: described(z.optional(z.boolean()), 'The lease had been settled so before; nothing changed.'),
      data: described(
        z.optional(z.unknown()),
        'As the call of the action answers: the task, here without its input, or the lease.',
      ),
      problem: z.optional(z.unknown()),
    }),
  ),
  tasks: leases,
  claimProblem: described(
    z.nullable(z.looseObject({ status: z.int(), code: z.string(), detail: z.string() })),
    'Why nothing could be claimed; the reports stand nonetheless.',
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
    operation: 'reportTasks',
    method: 'POST',
    path: `${base}/report`,
    permission: 'tasks:write',
    summary: 'Settle or extend up to 25 leases and claim the next tasks',
    body: reportInput,
    responses: {
      200: { description: 'All reports were carried out', schema: reported },
      207: { description: 'Some were not, or the claim; each result has its own status', schema: reported },
    },
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
