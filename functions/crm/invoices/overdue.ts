import { now } from '../../shared/clock.ts';
import type { Filter } from '../../shared/list/list-spec.ts';

/** Today's date in UTC. */
function today(): string {
  return now().toISOString().slice(0, 10);
}

/** Open, and due on a day that is over in UTC. No write makes an invoice overdue, so it is not kept but looked at. */
export function isOverdue({ status, dueOn }: Record<string, unknown>): boolean {
  return status === 'open' && typeof dueOn === 'string' && dueOn < today();
}

/** What the filter `overdue=true` asks of what is kept. */
export function overdueFilters(): Filter[] {
  return [
    { field: 'status', operator: 'eq', values: ['open'] },
    { field: 'dueOn', operator: 'lt', values: [today()] },
  ];
}
