import { company } from '../crm/companies/company.ts';
import { contact } from '../crm/contacts/contact.ts';
import { readDashboard } from '../crm/dashboard/dashboard.ts';
import { dashboardCurrency } from '../crm/dashboard/dashboard-currency.ts';
import { deal } from '../crm/deals/deal.ts';
import { invoice } from '../crm/invoices/invoice.ts';
import { order } from '../crm/orders/order.ts';
import { requireAllTypes } from '../tasks/types/type-scope.ts';
import { recentField } from './entity-fields.ts';
import { type FieldTable, reading } from './field.ts';

/** The dashboard: all its numbers by one resolver; its `recent` lists are fields of their own. */
export const dashboardFields: FieldTable = {
  'Query.dashboard': reading('records:read')(async ({ args, caller }) => {
    requireAllTypes(caller, 'its counters');
    return readDashboard(caller.tenantId, await dashboardCurrency(args.currency ?? undefined, caller));
  }),
  ...Object.assign({}, ...[contact, company, deal, order, invoice].map(recentField)),
};
