import { carryOutPlanned } from '../crm/records/carry-out-planned.ts';
import type { RestRequest } from '../shared/http/request.ts';
import { type RestResponse, toStored } from '../shared/http/response.ts';
import { carryOutOnce } from '../shared/idempotency.ts';
import type { WritePlan } from '../shared/write-plan.ts';

/**
 * Carries a command out under the request's idempotency key: the answer is kept in the same transaction.
 * @param plan decides on what stands now; called again when somebody else was faster
 */
export async function commitPlan<Result>(
  request: RestRequest,
  plan: () => Promise<WritePlan<Result>>,
  answer: (result: Result) => RestResponse,
): Promise<RestResponse> {
  const result = await carryOutPlanned(plan, (planned) =>
    carryOutOnce(planned.writes, request.idempotency, toStored(answer(planned.result))),
  );
  return answer(result);
}
