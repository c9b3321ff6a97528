import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '../../shared/problem.ts';
import type { WritePlan } from '../../shared/write-plan.ts';

/**
 * Many at once on one document number, say, come through one after the other: each round somebody does. These take
 * about three seconds together, far less than the gateway waits.
 */
const attempts = 30;
const longestPauseMillis = 200;

/**
 * Plans a write and carries it out; when somebody else was faster, it is planned again on what stands then. What
 * the caller's `If-Match` forbids then shows in the new plan.
 * @throws {Problem} of the plan, or of its refused writes
 */
export async function carryOutPlanned<Result>(
  plan: () => Promise<WritePlan<Result>>,
  commit: (plan: WritePlan<Result>) => Promise<void>,
): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    const planned = await plan();
    try {
      await commit(planned);
      return planned.result;
    } catch (error) {
      const lost = error instanceof Problem && error.code === 'conflict';
      if (!lost || attempt === attempts) throw error;
      if (attempt > 1) await sleep(Math.random() * Math.min(longestPauseMillis, 5 * 2 ** attempt));
    }
  }
}
