import { forecastDeals } from '../crm/deals/forecast.ts';
import { planMove } from '../crm/deals/move-deal.ts';
import { json, record } from '../shared/http/response.ts';
import type { Operation } from '../shared/http/rest-handler.ts';
import { commitPlan } from './commit-plan.ts';

export const dealsOperations: Record<string, Operation> = {
  moveDeal: (request) =>
    commitPlan(
      request,
      () => planMove(request.path.id ?? '', request.body, request, request.ifMatch),
      (moved) => record(200, moved),
    ),
  forecastDeals: async ({ caller, query }) => json(200, await forecastDeals(caller.tenantId, query)),
};
