import { carryOutPlanned } from '../crm/records/carry-out-planned.ts';
import type { WritePlan } from '../shared/write-plan.ts';
import type { FieldCall } from './field.ts';
import { once } from './once.ts';

/**
 * Carries out what a mutation plans, under its idempotency key if it has one: the answer is kept in the same
 * transaction.
 * @param plan decides on what stands now; called again when somebody else was faster
 */
export function commitPlan<Result>(
  field: string,
  call: FieldCall,
  plan: () => Promise<WritePlan<Result>>,
): Promise<Result> {
  return once(field, call, (commit) => carryOutPlanned(plan, ({ writes, result }) => commit(writes, result)));
}
