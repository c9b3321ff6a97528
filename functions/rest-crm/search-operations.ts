import { crmEntities } from '../crm/routes.ts';
import { searchEverything } from '../crm/search/search-everything.ts';
import { json } from '../shared/http/response.ts';
import type { Operation } from '../shared/http/rest-handler.ts';

export const searchOperations: Record<string, Operation> = {
  searchRecords: async (request) => json(200, await searchEverything(crmEntities, request.query, request)),
};
