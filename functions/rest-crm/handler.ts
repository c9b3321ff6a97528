import { crmEntities, crmRoutes } from '../crm/routes.ts';
import { restHandler } from '../shared/http/rest-handler.ts';
import { attachmentOperations } from './attachment-operations.ts';
import { customFieldOperations } from './custom-field-operations.ts';
import { dashboardOperations } from './dashboard-operations.ts';
import { dealsOperations } from './deals-operations.ts';
import { entityOperations } from './entity-operations.ts';
import { fileOperations } from './file-operations.ts';
import { invoiceOperations } from './invoices-operations.ts';
import { mergeOperations } from './merge-operations.ts';
import { orderOperations } from './orders-operations.ts';
import { searchOperations } from './search-operations.ts';
import { settingsOperations } from './settings-operations.ts';

export const handler = restHandler(
  crmRoutes,
  Object.assign(
    {},
    ...crmEntities.map(entityOperations),
    mergeOperations,
    searchOperations,
    settingsOperations,
    customFieldOperations,
    attachmentOperations,
    dealsOperations,
    dashboardOperations,
    orderOperations,
    invoiceOperations,
    fileOperations,
  ),
);
