import { readCounterItem, readCounters, readCountersOfDeals } from '../../platform/counters.ts';
import { dueMonthsKey } from '../../platform/counting/counter-keys.ts';
import { readOverdue } from '../../platform/counting/overdue.ts';
import type { Actor } from '../../shared/actor.ts';
import { instant } from '../../shared/clock.ts';
import type { Filter } from '../../shared/list/list-spec.ts';
import { validationFailed } from '../../shared/problem.ts';
import type { EntityDefinition } from './entity.ts';

/**
 * The number of records from the tenant's counters, which follow writes within about a second: at most two small
 * reads, however many records there are.
 * @throws {Problem} `validation_failed` for filters that no counter knows
 */
export async function countRecords(
  { entity, counted }: EntityDefinition,
  filters: Filter[],
  { caller: { tenantId } }: Actor,
): Promise<number> {
  const [filter, ...more] = filters;
  if (!filter) return (await readCounters(tenantId, entity)).total ?? 0;
  if (more.length === 0 && counted.includes(filter.field) && /^(eq|in)$/.test(filter.operator)) {
    const counters = await readCounters(tenantId, entity);
    return [...new Set(filter.values)].reduce<number>(
      (sum, value) => sum + (counters[`${filter.field}:${value}`] ?? 0),
      0,
    );
  }
  if (entity === 'deal' && filters.every(isOfPipeline)) return countDeals(tenantId, filters);
  if (entity === 'invoice' && more.length === 0 && filter.field === 'overdue') return countOverdue(tenantId);
  throw unknownTotal(entity, counted);
}

const isOfPipeline = ({ field, operator }: Filter) =>
  operator === 'eq' && (field === 'pipelineId' || field === 'stageId');

/** By pipeline, by stage or by both: stages of different pipelines may have the same id. */
async function countDeals(tenantId: string, filters: Filter[]): Promise<number> {
  const stages = await readCountersOfDeals(tenantId);
  return stages
    .filter((stage) =>
      filters.every(({ field, values }) => stage[field as 'pipelineId' | 'stageId'] === values[0]),
    )
    .reduce((sum, { counters }) => sum + (counters.total ?? 0), 0);
}

async function countOverdue(tenantId: string): Promise<number> {
  const [months, overdueOf] = await Promise.all([
    readCounterItem(dueMonthsKey(tenantId, 'invoice')),
    readOverdue(tenantId, instant()),
  ]);
  return overdueOf({ invoice: months }).invoices;
}

function unknownTotal(entity: string, counted: string[]) {
  const further = { deal: ['pipelineId and stageId'], invoice: ['overdue'] }[entity] ?? [];
  const known = [...counted, ...further].join(', ');
  return validationFailed([
    {
      parameter: 'include',
      code: 'unsupported_total',
      message: `a total is known without filters${known ? ` or with one of: ${known}` : ''}`,
    },
  ]);
}
