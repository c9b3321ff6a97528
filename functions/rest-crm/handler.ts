import { crmEntities, crmRoutes } from '../crm/routes.ts';
import { restHandler } from '../shared/http/rest-handler.ts';
import { dashboardOperations } from './dashboard-operations.ts';
import { entityOperations } from './entity-operations.ts';
import { invoiceOperations } from './invoices-operations.ts';
import { orderOperations } from './orders-operations.ts';
import { searchOperations } from './search-operations.ts';
import { settingsOperations } from './settings-operations.ts';

export const handler = restHandler(
  crmRoutes,
  Object.assign(
    {},
    ...crmEntities.map(entityOperations),
    searchOperations,
    settingsOperations,
    dashboardOperations,
    orderOperations,
    invoiceOperations,
  ),
);
