import { batchGetItems } from '../../shared/dynamo/table.ts';
import { type Counters, toCounters } from '../counters.ts';
import { dueKey } from './counter-keys.ts';
import { dueTimeOf, overdueAt } from './due-time.ts';

/**
 * Open invoices due before today (UTC), and tasks that have not ended and were due before this minute. Exact to the
 * minute: a task counts from the beginning of the minute after the one in which it was due.
 */
export interface Overdue {
  invoices: number;
  tasks: number;
}

/**
 * Reads what was due this month and today: one BatchGetItem, whatever is due. The months come with the tenant's
 * other counters.
 * @param at an instant
 * @returns what gives the numbers, from the counters by month
 */
export async function readOverdue(
  tenantId: string,
  at: string,
): Promise<(months: { invoice?: Counters; task?: Counters }) => Overdue> {
  const due = dueTimeOf(at);
  const keys = [
    dueKey(tenantId, 'invoice', due.month),
    dueKey(tenantId, 'task', due.month),
    dueKey(tenantId, 'task', `${due.month}-${due.day}`),
  ];
  const items = await batchGetItems('views', keys);
  const [invoiceDays, taskDays, taskMinutes] = keys.map((key) =>
    toCounters(items.find(({ pk, sk }) => pk === key.pk && sk === key.sk) ?? {}),
  );
  return (months) => ({
    invoices: overdueAt(due, months.invoice ?? {}, invoiceDays ?? {}),
    tasks: overdueAt(due, months.task ?? {}, taskDays ?? {}, taskMinutes),
  });
}
