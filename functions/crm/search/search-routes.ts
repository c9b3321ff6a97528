import * as z from 'zod/mini';
import { pageSchema } from '../../platform/page-schema.ts';
import type { Route } from '../../shared/route.ts';
import { foundRecord, searchedEntities } from './search-everything.ts';

const text = (description: string) => z.optional(z.string().check(z.meta({ description })));

export const searchRoutes: Route[] = [
  {
    operation: 'searchRecords',
    method: 'GET',
    path: '/api/v1/search',
    function: 'crm',
    permission: 'records:read',
    tag: 'search',
    summary: 'Find records of all entities by the beginnings of their words',
    query: z.strictObject({
      q: text(
        'Required. Every one of its words must be the beginning of one in the name, e-mail, telephone, number … of the record.',
      ),
      entities: text(`Only these, comma-separated: ${searchedEntities.join(', ')}.`),
      limit: text('Rows in a page, 1 to 100. Default 50.'),
      cursor: text('`page.nextCursor` of the page before.'),
    }),
    responses: { 200: { description: 'A page', schema: pageSchema(foundRecord) } },
  },
];
