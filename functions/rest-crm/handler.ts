import { attachmentRoutes } from '../crm/attachments/attachment-routes.ts';
import { customFieldRoutes } from '../crm/custom-fields/custom-field-routes.ts';
import { dashboardRoutes } from '../crm/dashboard/dashboard-routes.ts';
import { duplicateRoutes } from '../crm/duplicates/duplicate-routes.ts';
import { mergeRoutes } from '../crm/merge/merge-routes.ts';
import { crmEntities, crmRoutes } from '../crm/routes.ts';
import { loadedLater } from '../shared/http/loaded-later.ts';
import { restHandler } from '../shared/http/rest-handler.ts';
import { fileRoutes } from '../tasks/routes/file-routes.ts';
import { dealsOperations } from './deals-operations.ts';
import { entityOperations } from './entity-operations.ts';
import { invoiceOperations } from './invoices-operations.ts';
import { orderOperations } from './orders-operations.ts';
import { searchOperations } from './search-operations.ts';
import { settingsOperations } from './settings-operations.ts';

const seldom = [
  loadedLater(
    attachmentRoutes,
    async () => (await import('./attachment-operations.ts')).attachmentOperations,
  ),
  loadedLater(
    customFieldRoutes,
    async () => (await import('./custom-field-operations.ts')).customFieldOperations,
  ),
  loadedLater(dashboardRoutes, async () => (await import('./dashboard-operations.ts')).dashboardOperations),
  loadedLater(
    [...duplicateRoutes, ...mergeRoutes],
    async () => (await import('./merge-operations.ts')).mergeOperations,
  ),
  loadedLater(fileRoutes, async () => (await import('./file-operations.ts')).fileOperations),
];

export const handler = restHandler(
  crmRoutes,
  Object.assign(
    {},
    ...crmEntities.map(entityOperations),
    ...seldom,
    searchOperations,
    settingsOperations,
    dealsOperations,
    orderOperations,
    invoiceOperations,
  ),
);
