import * as z from 'zod/mini';
import { timelineEntry, timelineParameters } from '../platform/timeline/read-timeline.ts';
import { listParameters, viewParameters } from '../shared/list/list-parameters.ts';
import type { Route } from '../shared/route.ts';
import { fileRoutes } from '../tasks/routes/file-routes.ts';
import { attachmentRoutes } from './attachments/attachment-routes.ts';
import { crmEntities } from './crm-entities.ts';
import { customFieldRoutes } from './custom-fields/custom-field-routes.ts';
import { customParameters } from './custom-fields/custom-filters.ts';
import { dashboardRoutes } from './dashboard/dashboard-routes.ts';
import { dealsRoutes } from './deals/deals-routes.ts';
import { duplicateRoutes } from './duplicates/duplicate-routes.ts';
import { invoiceRoutes } from './invoices/invoices-routes.ts';
import { mergeRoutes } from './merge/merge-routes.ts';
import { orderRoutes } from './orders/orders-routes.ts';
import { productRoutes } from './products/products-routes.ts';
import { batchInput } from './records/batch.ts';
import type { EntityDefinition } from './records/entity.ts';
import { historyEntry } from './records/history-entry.ts';
import { searchRoutes } from './search/search-routes.ts';
import { settingsRoutes } from './settings/settings-routes.ts';

const capital = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);

/** The operations of an entity are named after it: `createContact`, `listContacts`. */
export function operationNames({ entity, collection }: Pick<EntityDefinition, 'entity' | 'collection'>) {
  const [one, many] = [capital(entity), capital(collection)];
  return {
    create: `create${one}`,
    get: `get${one}`,
    list: `list${many}`,
    update: `update${one}`,
    remove: `delete${one}`,
    restore: `restore${one}`,
    batch: `batch${many}`,
    history: `get${one}History`,
    timeline: `get${one}Timeline`,
  };
}

/** A page of anything: `{data, page: {nextCursor}}`. */
export const pageOf = (item: z.ZodMiniType) =>
  z.object({
    data: z.array(item),
    page: z.object({ nextCursor: z.nullable(z.string()) }),
    total: z.optional(z.int()),
  });

const batchResult = z.object({
  results: z.array(
    z.object({
      index: z.int(),
      status: z.int(),
      data: z.optional(z.unknown()),
      problem: z.optional(z.unknown()),
    }),
  ),
});

/** A record as a GET shows it: with what `expand` adds, `null` where there is none. */
function viewOf({ output, references }: EntityDefinition): z.ZodMiniType {
  const expanded = references.map(({ as }) => [
    as,
    z.optional(z.nullable(z.looseObject({ id: z.string() }))),
  ]);
  return z.extend(output as z.ZodMiniObject, Object.fromEntries(expanded));
}

function entityRoutes(definition: EntityDefinition): Route[] {
  const { entity, collection, output } = definition;
  const expand = definition.references.map(({ as }) => as);
  const viewed = viewOf(definition);
  const names = operationNames(definition);
  const base = `/api/v1/${collection}`;
  const common = { function: 'crm', tag: collection } as const;
  const found = { description: `The ${entity}`, schema: output };
  return [
    {
      ...common,
      operation: names.list,
      method: 'GET',
      path: base,
      permission: 'records:read',
      summary: `List ${collection}`,
      query: listParameters(definition.list, { total: true, expand, further: customParameters(definition) }),
      responses: { 200: { description: 'A page', schema: pageOf(viewed) } },
    },
    {
      ...common,
      operation: names.create,
      method: 'POST',
      path: base,
      permission: 'records:write',
      summary: `Create a ${entity}`,
      body: definition.input,
      responses: { 201: found },
    },
    {
      ...common,
      operation: names.batch,
      method: 'POST',
      path: `${base}/batch`,
      permission: 'records:write',
      summary: `Create, update, upsert and delete up to 100 ${collection} at once`,
      body: batchInput,
      responses: {
        200: { description: 'All operations passed', schema: batchResult },
        207: { description: 'Some did not; each result has its own status', schema: batchResult },
      },
    },
    {
      ...common,
      operation: names.get,
      method: 'GET',
      path: `${base}/{id}`,
      permission: 'records:read',
      summary: `Get a ${entity}`,
      query: viewParameters(expand),
      responses: { 200: { ...found, schema: viewed }, 304: { description: 'Not changed' } },
    },
    {
      ...common,
      operation: names.update,
      method: 'PATCH',
      path: `${base}/{id}`,
      permission: 'records:write',
      summary: `Change a ${entity} by a JSON merge patch`,
      body: definition.patch,
      conditional: true,
      responses: { 200: found },
    },
    {
      ...common,
      operation: names.remove,
      method: 'DELETE',
      path: `${base}/{id}`,
      permission: 'records:write',
      summary: `Delete a ${entity}; it can be restored for 30 days`,
      conditional: true,
      responses: { 204: { description: 'Deleted' } },
    },
    {
      ...common,
      operation: names.restore,
      method: 'POST',
      path: `${base}/{id}/restore`,
      permission: 'records:write',
      summary: `Restore a deleted ${entity}`,
      conditional: true,
      responses: { 200: found },
    },
    {
      ...common,
      operation: names.history,
      method: 'GET',
      path: `${base}/{id}/history`,
      permission: 'records:read',
      summary: `Who changed what in a ${entity}, newest first`,
      query: z.strictObject({ limit: z.optional(z.string()), cursor: z.optional(z.string()) }),
      responses: { 200: { description: 'A page', schema: pageOf(historyEntry) } },
    },
    {
      ...common,
      operation: names.timeline,
      method: 'GET',
      path: `${base}/{id}/timeline`,
      permission: 'records:read',
      summary: `What happened around a ${entity}, newest first: its changes, activities, tasks and documents`,
      query: timelineParameters,
      responses: { 200: { description: 'A page', schema: pageOf(timelineEntry) } },
    },
    ...definition.unique.map(
      ({ field }): Route => ({
        ...common,
        operation: upsertOperation(definition, field),
        method: 'PUT',
        path: `${base}/by/${field}/{value}`,
        permission: 'records:write',
        summary: `Create the ${entity} with this ${field}, or change it when it is there`,
        body: definition.upsert,
        responses: { 200: found, 201: found },
      }),
    ),
  ];
}

/** E.g. `upsertContactByEmail`. */
export function upsertOperation(definition: EntityDefinition, field: string): string {
  return `upsert${capital(definition.entity)}By${capital(field)}`;
}

export { crmEntities };

export const crmRoutes: Route[] = [
  ...crmEntities.flatMap(entityRoutes),
  ...duplicateRoutes,
  ...mergeRoutes,
  ...searchRoutes,
  ...settingsRoutes,
  ...customFieldRoutes,
  ...attachmentRoutes,
  ...dealsRoutes,
  ...dashboardRoutes,
  ...productRoutes,
  ...orderRoutes,
  ...invoiceRoutes,
  ...fileRoutes,
];
