import { company } from '../crm/companies/company.ts';
import { contact } from '../crm/contacts/contact.ts';
import { countRecords } from '../crm/records/count-records.ts';
import { planCreate } from '../crm/records/create-record.ts';
import { planRestore } from '../crm/records/delete-record.ts';
import type { CrmRecord, EntityDefinition } from '../crm/records/entity.ts';
import { getRecord, getRecords, listRecords } from '../crm/records/find-records.ts';
import { patchRecord } from '../crm/records/patch-record.ts';
import { deleteRecord } from '../crm/records/records.ts';
import type { VersionCondition } from '../shared/etag.ts';
import { parseListQuery } from '../shared/list/parse-list-query.ts';
import { Problem } from '../shared/problem.ts';
import { validate } from '../shared/validation.ts';
import { carryOut } from '../shared/write-plan.ts';
import { listTasks } from '../tasks/find-tasks.ts';
import { type FieldCall, type FieldTable, reading } from './field.ts';
import { filterParameters, pageParameters, plainParameters } from './list-arguments.ts';
import { lookUp, nestedLists } from './nested-list.ts';
import { once } from './once.ts';

const read = reading('records:read');
const write = reading('records:write');

/** `Contact`, as the schema's type of the entity `contact`. */
const typeName = ({ entity }: EntityDefinition) => entity.charAt(0).toUpperCase() + entity.slice(1);

/** What every CRM entity has: by id, as a list, as a page, and its writes. */
function entityFields(definition: EntityDefinition): FieldTable {
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
    [`${type}Page.total`]: read((call) => {
      const { filter, q } = call.source;
      const asked = { ...filterParameters(filter), ...plainParameters({ q, include: 'total' }) };
      const { filters } = parseListQuery(asked, definition.list);
      return countRecords(definition, filters, call);
    }),
    [`${type}Dashboard.recent`]: read(async (call) => {
      const { data } = await listRecords(definition, plainParameters({ limit: call.args.limit ?? 5 }), call);
      return data;
    }),
    [`Mutation.create${type}`]: write((call) =>
      once(`create${type}`, call, async (commit) => {
        const plan = await planCreate(
          definition,
          validate(definition.input, call.args.input, '/input'),
          call,
        );
        await commit(plan.writes, plan.result);
        return plan.result;
      }),
    ),
    [`Mutation.update${type}`]: write((call) => {
      const patch = validate(definition.patch, call.args.input, '/input');
      return patchRecord(definition, call.args.id, patch, call, expectedVersion(call));
    }),
    [`Mutation.delete${type}`]: write((call) =>
      deleteRecord(definition, call.args.id, call, expectedVersion(call)),
    ),
    [`Mutation.restore${type}`]: write(async (call) => {
      const plan = await planRestore(definition, call.args.id, call);
      await carryOut(plan.writes);
      return plan.result;
    }),
  };
}

/** A record by id is `null` when there is none, as GraphQL has it. */
export async function orNull<T>(record: Promise<T>): Promise<T | null> {
  try {
    return await record;
  } catch (error) {
    if (error instanceof Problem && error.code === 'not_found') return null;
    throw error;
  }
}

export function expectedVersion({ args }: FieldCall): VersionCondition | undefined {
  const { expectedVersion: version } = args;
  return typeof version === 'number' ? { any: false, versions: [version] } : undefined;
}

/** The companies that records of a list refer to, all in one BatchGetItem. */
const companyIn = (field: string) => (calls: FieldCall[]) =>
  lookUp(
    calls,
    ({ source }) => source[field] ?? undefined,
    async (ids) => {
      const [call] = calls;
      const found = call ? await getRecords(company, ids, call) : [];
      return new Map(found.map((record: CrmRecord) => [record.id, record]));
    },
  );

const tasksAbout = (definition: EntityDefinition) => (calls: FieldCall[]) =>
  nestedLists(calls, ({ source }) => ({ about: `${definition.entity}:${source.id}` }), listTasks);

/** CRM fields of the schema. */
export const crmFields: FieldTable = {
  ...entityFields(contact),
  ...entityFields(company),
  'Contact.company': { permission: 'records:read', resolveAll: companyIn('companyId') },
  'Contact.tasks': { permission: 'tasks:read', resolveAll: tasksAbout(contact) },
  'Company.parent': { permission: 'records:read', resolveAll: companyIn('parentId') },
  'Company.contacts': {
    permission: 'records:read',
    resolveAll: (calls) =>
      nestedLists(
        calls,
        ({ source }) => ({ companyId: source.id }),
        (parameters, call) => listRecords(contact, parameters, call),
      ),
  },
  'Company.tasks': { permission: 'tasks:read', resolveAll: tasksAbout(company) },
};
