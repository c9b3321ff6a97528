import { readDashboard } from '../crm/dashboard/dashboard.ts';
import { dashboardCurrency } from '../crm/dashboard/dashboard-currency.ts';
import { requireAllTypes } from '../tasks/types/type-scope.ts';
import { type FieldTable, reading } from './field.ts';

/** The dashboard: all its numbers by one resolver; its `recent` lists are fields of their own. */
export const dashboardFields: FieldTable = {
  'Query.dashboard': reading('records:read')(async ({ args, caller }) => {
    requireAllTypes(caller, 'its counters');
    return readDashboard(caller.tenantId, await dashboardCurrency(args.currency ?? undefined, caller));
  }),
};
