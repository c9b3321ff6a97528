import { currentRecord, json, record, toStored } from '../shared/http/response.ts';
import type { Operation } from '../shared/http/rest-handler.ts';
import { carryOutOnce } from '../shared/idempotency.ts';
import { validate } from '../shared/validation.ts';
import { typeName } from '../tasks/fields.ts';
import { planRotation } from '../tasks/push/rotate-secret.ts';
import { listTypes } from '../tasks/types/list-types.ts';
import { putType } from '../tasks/types/put-type.ts';
import { getType, getTypeVersion } from '../tasks/types/type-registry.ts';

export const typeOperations: Record<string, Operation> = {
  listTaskTypes: async (request) => json(200, await listTypes(request.query, request)),
  getTaskType: async (request) => currentRecord(request, await getType(request.path.name ?? '', request)),
  getTaskTypeVersion: async (request) => {
    const { name = '', version = '' } = request.path;
    return currentRecord(request, await getTypeVersion(name, version, request));
  },
  putTaskType: async (request) => {
    const name = validate(typeName, request.path.name, '/name');
    const { created, type, secret } = await putType(name, request.body, request, request);
    const body = secret === undefined ? type : { ...type, http: { ...type.http, secret } };
    return record(created ? 201 : 200, body);
  },
  rotateTaskTypeSecret: async (request) => {
    const { writes, result } = await planRotation(request.path.name ?? '', request);
    // What is kept for a replay has no secret: it would lie there in the open.
    const { secret: _secret, ...withoutSecret } = result;
    await carryOutOnce(writes, request.idempotency, toStored(json(200, withoutSecret)));
    return json(200, result);
  },
};
