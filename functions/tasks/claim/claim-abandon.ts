import * as z from 'zod/mini';
import type { Actor } from '../../shared/actor.ts';
import { Problem } from '../../shared/problem.ts';
import { described, line } from '../fields.ts';
import { releaseTask } from '../lease/settle.ts';
import { leasesOf, markAbandoned } from './claim-record.ts';

export const abandonInput = z.strictObject({
  claimId: described(line(100), 'The `claimId` of the claim whose answer nobody will read.'),
});

export const abandonOutput = z.strictObject({
  released: described(z.array(z.string()), 'Ids of the tasks that the claim had got; ready again.'),
});

/**
 * Gives up a claim: one that still waits comes back empty, and what it got is released, no attempt spent.
 * A worker that stops cannot take back a claim that waits in the service; without this, a task that comes
 * within the rest of the wait would be leased for nobody until the lease ends. One UpdateItem when it got nothing.
 * @throws {Problem} `forbidden` when it got tasks that the caller's key is not for
 */
export async function abandonClaim(claimId: string, actor: Actor): Promise<string[]> {
  const record = await markAbandoned(claimId, actor);
  const released = new Set<string>();
  for await (const tasks of leasesOf(record, claimId, actor)) {
    for (const { id, leaseToken = '' } of tasks) {
      if (await wasReleased(id, leaseToken, actor)) released.add(id);
    }
  }
  return [...released];
}

/** False when the lease was settled or ended in the meantime: then there is nothing to give back. */
async function wasReleased(id: string, leaseToken: string, actor: Actor): Promise<boolean> {
  try {
    await releaseTask({ id, leaseToken }, 0, actor);
    return true;
  } catch (error) {
    if (error instanceof Problem && (error.code === 'lease_lost' || error.code === 'not_found')) return false;
    throw error;
  }
}
