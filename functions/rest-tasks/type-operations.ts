import { currentRecord, json, record } from '../shared/http/response.ts';
import type { Operation } from '../shared/http/rest-handler.ts';
import { validate } from '../shared/validation.ts';
import { typeName } from '../tasks/fields.ts';
import { getType, listTypes, putType } from '../tasks/type-registry.ts';

export const typeOperations: Record<string, Operation> = {
  listTaskTypes: async (request) => json(200, { data: await listTypes(request), page: { nextCursor: null } }),
  getTaskType: async (request) => currentRecord(request, await getType(request.path.name ?? '', request)),
  putTaskType: async (request) => {
    const name = validate(typeName, request.path.name, '/name');
    const { created, type } = await putType(name, request.body, request, request.ifMatch);
    return record(created ? 201 : 200, type);
  },
};
