import { customFieldName } from '../crm/custom-fields/custom-field.ts';
import {
  getCustomField,
  readFieldSet,
  requireCustomEntity,
} from '../crm/custom-fields/find-custom-fields.ts';
import { deleteCustomField, putCustomField } from '../crm/custom-fields/put-custom-field.ts';
import type { RestRequest } from '../shared/http/request.ts';
import { currentRecord, json, noContent, record } from '../shared/http/response.ts';
import type { Operation } from '../shared/http/rest-handler.ts';
import { validate } from '../shared/validation.ts';

export const customFieldOperations: Record<string, Operation> = {
  listCustomFields: async (request) => {
    const { fields } = await readFieldSet(request.caller.tenantId, entityOf(request));
    return json(200, { data: fields, page: { nextCursor: null } });
  },
  getCustomField: async (request) =>
    currentRecord(request, await getCustomField(request.caller.tenantId, entityOf(request), nameOf(request))),
  putCustomField: async (request) => {
    const entity = entityOf(request);
    const name = validate(customFieldName, nameOf(request), '/name');
    const { created, field } = await putCustomField(entity, name, request.body, request, request);
    return record(created ? 201 : 200, field);
  },
  deleteCustomField: async (request) => {
    await deleteCustomField(entityOf(request), nameOf(request), request, request.ifMatch);
    return noContent();
  },
};

const entityOf = ({ path }: RestRequest) => requireCustomEntity(path.entity ?? '');
const nameOf = ({ path }: RestRequest) => path.name ?? '';
