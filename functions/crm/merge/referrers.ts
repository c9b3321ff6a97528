import type { Actor } from '../../shared/actor.ts';
import { instant } from '../../shared/clock.ts';
import type { Item } from '../../shared/dynamo/item.ts';
import type { Write } from '../../shared/dynamo/transaction.ts';
import type { TableName } from '../../shared/table-schema.ts';
import { aboutPartition } from '../../tasks/indexes/index-keys.ts';
import { taskKey } from '../../tasks/task.ts';
import { taskUpdate } from '../../tasks/task-update.ts';
import { activity } from '../activities/activity.ts';
import { aboutPartition as attachmentsPartition, moveWrites } from '../attachments/attachment-items.ts';
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
  /** The table itself when absent. */
  index?: string;
  pkAttribute: string;
  partition(tenantId: string, contactId: string): string;
  idOf(item: Item): string;
  /** How many writes turn one of them. */
  writesEach: number;
  /**
   * The writes that turn one. The first has the condition that it is there and still refers to the contact. No rule
   * is asked: a document that is frozen in everything else has the contact that it was made for.
   */
  turn(id: string, from: string, to: string, actor: Actor): Write[];
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
    idOf: ({ sk }) => String(sk),
    writesEach: 1,
    turn: (id, from, to, actor) => [
      {
        kind: 'update',
        table: 'crm',
        key: recordKey(definition, actor.caller.tenantId, id),
        update: memberUpdate(definition, id, { contactId: to }, actor),
        condition: { text: `${livingCondition} AND contactId = :from`, values: { ':from': from } },
      },
    ],
  };
}

const aboutContact = (id: string) => `contact:${id}`;

const taskReferrer: Referrer = {
  kind: 'tasks',
  table: 'tasks',
  index: 'byAbout',
  pkAttribute: 'aboutPk',
  partition: (tenantId, contactId) => aboutPartition(tenantId, aboutContact(contactId)),
  idOf: ({ pk }) => String(String(pk).split('#').at(-1)),
  writesEach: 1,
  turn: (id, from, to, { caller, requestId }) => [
    {
      kind: 'update',
      table: 'tasks',
      key: taskKey(caller.tenantId, id),
      update: taskUpdate({
        about: aboutContact(to),
        aboutPk: aboutPartition(caller.tenantId, aboutContact(to)),
        updatedAt: instant(),
        updatedBy: caller.subject,
        requestId,
      }),
      condition: { text: 'about = :from', values: { ':from': aboutContact(from) } },
    },
  ],
};

const aboutRecord = (id: string) => ({ type: 'contact' as const, id });

const attachmentReferrer: Referrer = {
  kind: 'attachments',
  table: 'platform',
  pkAttribute: 'pk',
  partition: (tenantId, contactId) => attachmentsPartition(tenantId, aboutRecord(contactId)),
  idOf: ({ sk }) => String(sk),
  writesEach: 3,
  turn: (id, from, to, { caller }) =>
    moveWrites(caller.tenantId, id, aboutRecord(from), aboutRecord(to)).map(({ write }) => write),
};

/** Everything that refers to contacts. */
export const referrers: readonly Referrer[] = [
  ...[deal, activity, order, invoice].map(recordReferrer),
  taskReferrer,
  attachmentReferrer,
];

export function referrerOf(kind: MovedKind): Referrer {
  const referrer = referrers.find((candidate) => candidate.kind === kind);
  if (!referrer) throw new Error(`nothing of the kind ${kind} refers to contacts`);
  return referrer;
}
