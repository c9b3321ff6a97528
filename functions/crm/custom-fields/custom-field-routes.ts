import * as z from 'zod/mini';
import type { Route } from '../../shared/route.ts';
import { customFieldInput, customFieldOutput } from './custom-field.ts';

const base = '/api/v1/custom-fields/{entity}';
const common = { function: 'crm', tag: 'custom-fields' } as const;
const found = { description: 'The field', schema: customFieldOutput };

export const customFieldRoutes: Route[] = [
  {
    ...common,
    operation: 'listCustomFields',
    method: 'GET',
    path: base,
    permission: 'settings:read',
    summary: 'The custom fields of contact, company or deal, by name; all in one page',
    responses: {
      200: {
        description: 'The fields',
        schema: z.object({
          data: z.array(customFieldOutput),
          page: z.object({ nextCursor: z.null() }),
        }),
      },
    },
  },
  {
    ...common,
    operation: 'getCustomField',
    method: 'GET',
    path: `${base}/{name}`,
    permission: 'settings:read',
    summary: 'Get a custom field',
    responses: { 200: found, 304: { description: 'Not changed' } },
  },
  {
    ...common,
    operation: 'putCustomField',
    method: 'PUT',
    path: `${base}/{name}`,
    permission: 'settings:write',
    summary: 'Define a custom field or change it; everybody goes by it within 30 seconds',
    body: customFieldInput,
    conditional: true,
    responses: { 200: found, 201: found },
  },
  {
    ...common,
    operation: 'deleteCustomField',
    method: 'DELETE',
    path: `${base}/{name}`,
    permission: 'settings:write',
    summary: 'Delete a custom field; values that records have stay readable and can be cleared',
    conditional: true,
    responses: { 204: { description: 'Deleted' } },
  },
];
