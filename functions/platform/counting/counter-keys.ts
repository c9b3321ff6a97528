import { countersKey } from '../../shared/counters-key.ts';
import type { Key } from '../../shared/dynamo/item.ts';

/** What is counted by the time that it is due. */
export type DueEntity = 'invoice' | 'task';

/** Deals of one stage; an item each, so that no item grows with the number of stages. */
export function stageKey(tenantId: string, pipelineId: string, stageId: string): Key {
  return countersKey(tenantId, `deal#${pipelineId}#${stageId}`);
}

/** Counts by month, one attribute each. */
export function dueMonthsKey(tenantId: string, entity: DueEntity): Key {
  return countersKey(tenantId, `${entity}#due`);
}

/** Counts by day of a month, or by minute of a day. @param time `2026-11` or `2026-11-22` */
export function dueKey(tenantId: string, entity: DueEntity, time: string): Key {
  return { pk: `${tenantId}#due#${entity}`, sk: time };
}

/** Where a forecast's month stands for deals without a day. */
export const undated = 'none';

/** Open deals of a pipeline that are expected to close in a month. @param month `2026-11` or `undated` */
export function forecastKey(tenantId: string, month: string, pipelineId: string): Key {
  return { pk: `${tenantId}#forecast`, sk: `${month}#${pipelineId}` };
}
