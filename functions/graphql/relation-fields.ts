import { activity } from '../crm/activities/activity.ts';
import { company } from '../crm/companies/company.ts';
import { contact } from '../crm/contacts/contact.ts';
import { crmEntities, definitionOf } from '../crm/crm-entities.ts';
import { deal } from '../crm/deals/deal.ts';
import { invoice } from '../crm/invoices/invoice.ts';
import { order } from '../crm/orders/order.ts';
import type { EntityDefinition } from '../crm/records/entity.ts';
import { getRecords, listRecords } from '../crm/records/find-records.ts';
import { listTasks } from '../tasks/find-tasks.ts';
import { typeName } from './entity-fields.ts';
import type { Field, FieldTable } from './field.ts';
import { lookUp, nestedLists } from './nested-list.ts';

/** The records that those of a list refer to by a field, all in one BatchGetItem; `null` where one is gone. */
function recordNamed(field: string, definition: EntityDefinition): Field {
  return {
    permission: 'records:read',
    resolveAll: (calls) =>
      lookUp(
        calls,
        ({ source }) => source[field] ?? undefined,
        async (ids) => {
          const [call] = calls;
          const found = call ? await getRecords(definition, ids, call) : [];
          return new Map(found.map((record) => [record.id, record]));
        },
      ),
  };
}

/** `Deal.contact`, `Company.parent`: what the definitions say that records refer to. */
const references = (definition: EntityDefinition): [string, Field][] =>
  definition.references.map(({ field, entity, as }) => [
    `${typeName(definition)}.${as}`,
    recordNamed(field, definitionOf(entity)),
  ]);

/** Which records of other entities a record shows that refer to it. */
const shown: [EntityDefinition, EntityDefinition[]][] = [
  [contact, [deal, activity, order, invoice]],
  [company, [contact, deal, activity, order, invoice]],
  [deal, [activity]],
];

/** `Contact.deals`: from the index of the field by which they refer to it. */
function recordsReferring(parent: EntityDefinition, child: EntityDefinition): [string, Field] {
  const field = child.partitions.find((partition) =>
    child.references.some(({ entity, field }) => entity === parent.entity && field === partition.field),
  )?.field;
  if (!field) throw new Error(`no index finds ${child.collection} by their ${parent.entity}`);
  return [
    `${typeName(parent)}.${child.collection}`,
    {
      permission: 'records:read',
      resolveAll: (calls) =>
        nestedLists(
          calls,
          ({ source }) => ({ [field]: source.id }),
          (parameters, call) => listRecords(child, parameters, call),
        ),
    },
  ];
}

const tasksAbout = (definition: EntityDefinition): [string, Field] => [
  `${typeName(definition)}.tasks`,
  {
    permission: 'tasks:read',
    resolveAll: (calls) =>
      nestedLists(calls, ({ source }) => ({ about: `${definition.entity}:${source.id}` }), listTasks),
  },
];

/** What leads from a record to others: siblings are answered together. */
export const relationFields: FieldTable = Object.fromEntries([
  ...crmEntities.flatMap(references),
  ['Order.invoice', recordNamed('invoiceId', invoice)],
  ...shown.flatMap(([parent, children]) => children.map((child) => recordsReferring(parent, child))),
  ...[contact, company, deal, order, invoice].map(tasksAbout),
]);
