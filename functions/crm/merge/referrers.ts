import type { Actor } from '../../shared/actor.ts';
import { instant } from '../../shared/clock.ts';
import type { Key } from '../../shared/dynamo/item.ts';
import type { Expression } from '../../shared/dynamo/table.ts';
import type { TableName } from '../../shared/table-schema.ts';
import { aboutPartition } from '../../tasks/indexes/index-keys.ts';
import { taskKey } from '../../tasks/task.ts';
import { taskUpdate } from '../../tasks/task-update.ts';
import { activity } from '../activities/activity.ts';
import { deal } from '../deals/deal.ts';
import { invoice } from '../invoices/invoice.ts';
import { order } from '../orders/order.ts';
import type { EntityDefinition } from '../records/entity.ts';
import { memberUpdate } from '../records/member-update.ts';
import { livingCondition, recordKey } from '../records/record-item.ts';
import type { MovedKind } from './merge-item.ts';

/** A kind of item that refers to contacts: how those of one contact are found, and turned to another one. */
export interface Referrer {
  kind: MovedKind;
  table: TableName;
  index: string;
  pkAttribute: string;
  partition(tenantId: string, contactId: string): string;
  key(tenantId: string, id: string): Key;
  /** One more version, so that whoever holds the one before sees that it has moved on. No rule is asked. */
  update(id: string, to: string, actor: Actor): Expression;
  /** That it is there and still refers to the contact. */
  condition(from: string): Expression;
}

function recordReferrer(definition: EntityDefinition): Referrer {
  const partition = definition.partitions.find(({ field }) => field === 'contactId');
  if (!partition) throw new Error(`no index finds ${definition.collection} by their contact`);
  return {
    kind: definition.collection as MovedKind,
    table: 'crm',
    index: partition.index,
    pkAttribute: partition.attribute,
    partition: (tenantId, contactId) => `${tenantId}#${definition.entity}#${contactId}`,
    key: (tenantId, id) => recordKey(definition, tenantId, id),
    update: (id, to, actor) => memberUpdate(definition, id, { contactId: to }, actor),
    condition: (from) => ({
      text: `${livingCondition} AND contactId = :from`,
      values: { ':from': from },
    }),
  };
}

const aboutContact = (id: string) => `contact:${id}`;

const taskReferrer: Referrer = {
  kind: 'tasks',
  table: 'tasks',
  index: 'byAbout',
  pkAttribute: 'aboutPk',
  partition: (tenantId, contactId) => aboutPartition(tenantId, aboutContact(contactId)),
  key: taskKey,
  update: (_id, to, { caller, requestId }) =>
    taskUpdate({
      about: aboutContact(to),
      aboutPk: aboutPartition(caller.tenantId, aboutContact(to)),
      updatedAt: instant(),
      updatedBy: caller.subject,
      requestId,
    }),
  condition: (from) => ({ text: 'about = :from', values: { ':from': aboutContact(from) } }),
};

/** Everything that refers to contacts. */
export const referrers: readonly Referrer[] = [
  ...[deal, activity, order, invoice].map(recordReferrer),
  taskReferrer,
];

export function referrerOf(kind: MovedKind): Referrer {
  const referrer = referrers.find((candidate) => candidate.kind === kind);
  if (!referrer) throw new Error(`nothing of the kind ${kind} refers to contacts`);
  return referrer;
}
