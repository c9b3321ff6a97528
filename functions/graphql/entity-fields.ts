import { withCustomFilters } from '../crm/custom-fields/custom-filters.ts';
import { countRecords } from '../crm/records/count-records.ts';
import { planCreate } from '../crm/records/create-record.ts';
import { planRestore } from '../crm/records/delete-record.ts';
import type { EntityDefinition } from '../crm/records/entity.ts';
import { getRecord, listRecords } from '../crm/records/find-records.ts';
import { patchRecord } from '../crm/records/patch-record.ts';
import { deleteRecord } from '../crm/records/records.ts';
import { parseListQuery } from '../shared/list/parse-list-query.ts';
import { validate } from '../shared/validation.ts';
import { commitPlan } from './commit-plan.ts';
import { expectedVersion, type FieldCall, type FieldTable, orNull, reading } from './field.ts';
import { filterParameters, pageParameters, plainParameters } from './list-arguments.ts';

const read = reading('records:read');
const write = reading('records:write');

/** `Contact`, as the schema's type of the entity `contact`. */
export const typeName = ({ entity }: Pick<EntityDefinition, 'entity'>) =>
  entity.charAt(0).toUpperCase() + entity.slice(1);

/** What every CRM entity has: by id, as a list, as a page, and its writes. */
export function entityFields(definition: EntityDefinition): FieldTable {
  const { entity, collection } = definition;
  const type = typeName(definition);
  return {
    [`Query.${entity}`]: read((call) => orNull(getRecord(definition, call.args.id, call))),
    [`Query.${collection}`]: read(async (call) => {
      const { tenantId: _tenantId, tag, ...args } = call.args;
      const { data } = await listRecords(definition, plainParameters({ ...args, tags: tag }), call);
      return data;
    }),
    [`Query.${entity}Page`]: read(async (call) => {
      const { data, page } = await listRecords(definition, pageParameters(call.args), call);
      // The filter goes along for `total`, which is counted only when it is asked for.
      return { items: data, nextCursor: page.nextCursor, filter: call.args.filter, q: call.args.q };
    }),
    [`${type}Page.total`]: read((call) => countPage(definition, call)),
    [`Mutation.create${type}`]: write((call) =>
      commitPlan(`create${type}`, call, () =>
        planCreate(definition, validate(definition.input, call.args.input, '/input'), call),
      ),
    ),
    [`Mutation.update${type}`]: write((call) => {
      const patch = validate(definition.patch, call.args.input, '/input');
      return patchRecord(definition, call.args.id, patch, call, expectedVersion(call));
    }),
    [`Mutation.delete${type}`]: write((call) =>
      deleteRecord(definition, call.args.id, call, expectedVersion(call)),
    ),
    [`Mutation.restore${type}`]: write((call) =>
      commitPlan(`restore${type}`, call, () =>
        planRestore(definition, call.args.id, call, expectedVersion(call)),
      ),
    ),
  };
}

async function countPage(described: EntityDefinition, call: FieldCall): Promise<number> {
  const { filter, q } = call.source;
  const asked = { ...filterParameters(filter), ...plainParameters({ q, include: 'total' }) };
  const definition = await withCustomFilters(described, asked, call.caller.tenantId);
  return countRecords(definition, parseListQuery(asked, definition.list).filters, call);
}

/** `recent` of the dashboard's part for the entity. */
export function recentField(definition: EntityDefinition): FieldTable {
  return {
    [`${typeName(definition)}Dashboard.recent`]: read(async (call) => {
      const { data } = await listRecords(definition, plainParameters({ limit: call.args.limit ?? 5 }), call);
      return data;
    }),
  };
}
