import * as z from 'zod/mini';
import type { Route } from '../../shared/route.ts';
import { duplicatesPage } from './find-duplicates.ts';

const common = { function: 'crm', tag: 'contacts', method: 'GET', permission: 'records:read' } as const;
const base = '/api/v1/contacts';
const text = (description: string) => z.optional(z.string().check(z.meta({ description })));
const parameters = {
  limit: text('Pairs in a page, 1 to 100. Default 50.'),
  minScore: text('How alike they are at least, 1 to 100. Default 60.'),
};
const responses = { 200: { description: 'Pairs of contacts', schema: duplicatesPage } };

/** Contacts that may be the same person. */
export const duplicateRoutes: Route[] = [
  {
    ...common,
    operation: 'listContactDuplicates',
    path: `${base}/duplicates`,
    summary: 'Pairs of contacts that may be the same person',
    query: z.strictObject({ ...parameters, cursor: text('`page.nextCursor` of the page before.') }),
    responses,
  },
  {
    ...common,
    operation: 'listDuplicatesOfContact',
    path: `${base}/{id}/duplicates`,
    summary: 'Contacts that may be the same person as this one, the likeliest first',
    query: z.strictObject(parameters),
    responses,
  },
];
