import { contactStages, contactStatuses } from '../crm/contacts/contact.ts';
import { type Counters, readAllCounters } from '../platform/counters.ts';
import { taskStates } from '../tasks/lifecycle/state-machine.ts';
import { requireAllTypes } from '../tasks/types/type-scope.ts';
import { type FieldTable, reading } from './field.ts';

/** Each value of a field with its count, also those that nothing has. */
function countsBy<Name extends string>(
  counters: Counters,
  field: string,
  values: readonly string[],
  name: Name,
): Record<Name | 'count', string | number>[] {
  return values.map(
    (value) =>
      ({ [name]: value, count: counters[`${field}:${value}`] ?? 0 }) as Record<
        Name | 'count',
        string | number
      >,
  );
}

/** The dashboard: one Query of counters; its `recent` lists are fields of their own. */
export const dashboardFields: FieldTable = {
  'Query.dashboard': reading('records:read')(async ({ caller }) => {
    requireAllTypes(caller, 'its counters');
    const { contact = {}, company = {}, task = {} } = await readAllCounters(caller.tenantId);
    return {
      contacts: {
        total: contact.total ?? 0,
        byStatus: countsBy(contact, 'status', contactStatuses, 'status'),
        byStage: countsBy(contact, 'stage', contactStages, 'stage'),
      },
      companies: { total: company.total ?? 0 },
      tasks: { total: task.total ?? 0, byStatus: countsBy(task, 'state', taskStates, 'status') },
    };
  }),
};
