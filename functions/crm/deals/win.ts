import type { Actor } from '../../shared/actor.ts';
import { now } from '../../shared/clock.ts';
import { getItem } from '../../shared/dynamo/table.ts';
import type { PlannedWrite } from '../../shared/write-plan.ts';
import { putNewTask } from '../../tasks/enqueue/enqueue.ts';
import { announceTasks } from '../../tasks/push/runner-queue.ts';
import { contact } from '../contacts/contact.ts';
import { scoreAfter } from '../contacts/scored-members.ts';
import type { Pipeline } from '../pipelines/find-pipeline.ts';
import { livingOf } from '../records/aliases.ts';
import type { CrmRecord } from '../records/entity.ts';
import { memberUpdate } from '../records/member-update.ts';
import { livingCondition, recordKey } from '../records/record-item.ts';
import { taskOfWin } from './win-tasks.ts';

/**
 * What is written with a deal that is won: its contact becomes a customer, and the tasks that its pipeline declares
 * are there. Once for each time that it is won.
 */
export async function planWin(deal: CrmRecord, { onWon }: Pipeline, actor: Actor): Promise<PlannedWrite[]> {
  const at = now();
  const [customer, tasks] = await Promise.all([
    customerWrites(deal.contactId, actor),
    Promise.all(onWon.map((declared) => taskOfWin(deal, declared, actor, at))),
  ]);
  await announceTasks(tasks);
  return [...customer, ...tasks.map(putNewTask)];
}

/** A contact that is gone does not keep a deal from being won; one that was merged a moment ago is found. */
async function customerWrites(contactId: unknown, actor: Actor): Promise<PlannedWrite[]> {
  if (typeof contactId !== 'string') return [];
  const { tenantId } = actor.caller;
  const found = await getItem('crm', recordKey(contact, tenantId, contactId));
  const item = await livingOf(contact, tenantId, found);
  if (!item || item.stage === 'customer') return [];
  const id = String(item.id);
  const members = { stage: 'customer' };
  return [
    {
      write: {
        kind: 'update',
        table: 'crm',
        key: recordKey(contact, tenantId, id),
        update: memberUpdate(contact, id, { ...members, ...(await scoreAfter(item, members, actor)) }, actor),
        condition: {
          text: `${livingCondition} AND #version = :version`,
          values: { ':version': item.version },
        },
      },
      // Two deals of one contact that are won in one transaction make it a customer once.
      rank: 'customer',
    },
  ];
}
