import * as z from 'zod/mini';
import { claimInput } from '../claim/claim.ts';
import { described } from '../fields.ts';
import { heartbeatInput } from '../lease/heartbeat.ts';
import { completeInput, failInput, releaseInput } from '../lease/settle.ts';

/** As many as one claim gives. */
export const maxReports = 25;

/** What a report can say of a lease: the calls by which a worker settles or extends it. */
export const reportActions = ['complete', 'fail', 'release', 'heartbeat'] as const;
export type ReportAction = (typeof reportActions)[number];

const head = {
  id: z.string().check(z.minLength(1), z.maxLength(100)),
  action: z.enum(reportActions),
};
const leaseToken = described(z.string().check(z.minLength(1), z.maxLength(300)), 'As the claim gave it.');

/** Which task and what of it; the rest is checked against the schema of the action. */
export const reportHead = z.looseObject(head);

/** The body of each action's own call. A report is about a lease, so it always has a token. */
export const reportBodies = {
  complete: z.extend(completeInput, { ...head, leaseToken }),
  fail: z.extend(failInput, head),
  release: z.extend(releaseInput, head),
  heartbeat: z.extend(heartbeatInput, head),
} as const;

/** Each report is checked by itself when its turn comes. */
export const reportInput = z
  .strictObject({
    reports: described(
      z.array(z.record(z.string(), z.unknown())).check(z.maxLength(maxReports)),
      'Each has `id`, `action` (`complete`, `fail`, `release` or `heartbeat`) and the body of that call. Those about the same task are carried out one after the other.',
    ),
    claim: described(
      z.optional(claimInput),
      'Claimed when all reports are carried out. It waits only when they all passed and no heartbeat says `cancelRequested`.',
    ),
  })
  .check(
    z.refine(({ reports, claim }) => reports.length > 0 || claim !== undefined, {
      error: 'must have a report when there is no claim',
      path: ['reports'],
    }),
  );

export type ReportInput = z.infer<typeof reportInput>;
