import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '../../shared/problem.ts';
import { waitForTurn } from '../../shared/wait-for-turn.ts';
import type { WritePlan } from '../../shared/write-plan.ts';

/** Pauses after each lost race, with full jitter. */
const pausesMillis = [50, 200, 800, 1_200, 1_800, 2_700, 4_000, 4_000, 4_000, 4_000];

/** So long a lost race is run again, in milliseconds: API Gateway gives up after 30 s, and the last wait may take 5. */
const patienceMillis = 15_000;

/**
 * Plans a write and carries it out; when somebody else was faster, it is planned again on what stands then. What
 * the caller's `If-Match` forbids then shows in the new plan.
 * @throws {Problem} of the plan, or of its refused writes
 */
export async function carryOutPlanned<Result>(
  plan: () => Promise<WritePlan<Result>>,
  commit: (plan: WritePlan<Result>) => Promise<void>,
): Promise<Result> {
  const until = Date.now() + patienceMillis;
  for (let attempt = 0; ; attempt += 1) {
    const planned = await plan();
    try {
      await commit(planned);
      return planned.result;
    } catch (error) {
      const pause = pausesMillis[attempt];
      const lost = error instanceof Problem && error.code === 'conflict';
      if (!lost || pause === undefined || Date.now() >= until) throw error;
      const { contended } = error.options;
      // Many at once on one document number, say, come through one after the other.
      await (contended ? waitForTurn(contended, attempt) : sleep(Math.random() * pause));
    }
  }
}
