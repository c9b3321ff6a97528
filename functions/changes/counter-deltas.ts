import { contributionsOf } from '../platform/counting/contributions.ts';
import { Tally } from '../platform/counting/tally.ts';
import type { Change } from './change.ts';

/** By how much these changes move the counters; those that stay as they are are left alone. */
export function counterDeltas(changes: Change[]): Tally {
  const tally = new Tally();
  for (const { tenantId, entity, before, after } of changes) {
    if (before) tally.add(contributionsOf(tenantId, entity, before), -1n);
    if (after) tally.add(contributionsOf(tenantId, entity, after));
  }
  return tally;
}
