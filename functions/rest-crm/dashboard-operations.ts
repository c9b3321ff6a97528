import { readDashboard } from '../crm/dashboard/dashboard.ts';
import { dashboardCurrency } from '../crm/dashboard/dashboard-currency.ts';
import { json } from '../shared/http/response.ts';
import type { Operation } from '../shared/http/rest-handler.ts';
import { requireAllTypes } from '../tasks/types/type-scope.ts';

export const dashboardOperations: Record<string, Operation> = {
  getDashboard: async ({ query, caller }) => {
    requireAllTypes(caller, 'the dashboard');
    return json(200, await readDashboard(caller.tenantId, await dashboardCurrency(query.currency, caller)));
  },
};
