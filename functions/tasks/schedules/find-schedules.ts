import { auditWrite } from '../../platform/audit/audit-write.ts';
import { type PageQuery, parsePage } from '../../platform/parse-page.ts';
import type { Actor } from '../../shared/actor.ts';
import { decodeCursor, encodeCursor } from '../../shared/cursor.ts';
import { getItem, queryPage } from '../../shared/dynamo/table.ts';
import { requireVersion, type VersionCondition } from '../../shared/etag.ts';
import { notFound } from '../../shared/problem.ts';
import { carryOut } from '../../shared/write-plan.ts';
import { untilUndisturbed } from '../lifecycle/replace-task.ts';
import { requireTypeScope } from '../types/type-scope.ts';
import type { ScheduleRow } from './schedule-input.ts';
import { type ScheduleItem, scheduleKey, schedulesPartition, unchanged } from './schedule-item.ts';
import { toScheduleRow } from './schedule-view.ts';

/** One GetItem. @throws {Problem} `not_found`, `forbidden` for a key of other types */
export async function getSchedule(name: string, { caller }: Actor): Promise<ScheduleItem> {
  const item = (await getItem('tasks', scheduleKey(caller.tenantId, name))) as ScheduleItem | undefined;
  if (!item) throw notFound('schedule', name);
  requireTypeScope(caller, item.type);
  return item;
}

/** A page of the tenant's schedules by name: one Query. A key of some types sees the schedules of those. */
export async function listSchedules(
  query: PageQuery,
  { caller }: Actor,
): Promise<{ data: ScheduleRow[]; page: { nextCursor: string | null } }> {
  const scope = JSON.stringify([caller.tenantId, 'schedules']);
  const { limit, cursor } = parsePage(query);
  const pk = schedulesPartition(caller.tenantId);
  const [after] = cursor === undefined ? [] : decodeCursor(cursor, scope);
  const { items, lastKey } = await queryPage({
    table: 'tasks',
    key: { text: 'pk = :pk', values: { ':pk': pk } },
    limit,
    ...(after !== undefined && { startKey: { pk, sk: after } }),
  });
  const visible = (items as ScheduleItem[]).filter(
    ({ type }) => !caller.taskTypes || caller.taskTypes.includes(type),
  );
  return {
    data: visible.map(toScheduleRow),
    page: { nextCursor: lastKey ? encodeCursor([String(lastKey.sk)], scope) : null },
  };
}

/** Its tasks stay as they are. @throws {Problem} `not_found`, `forbidden`, `precondition_failed` */
export async function deleteSchedule(name: string, actor: Actor, ifMatch?: VersionCondition): Promise<void> {
  await untilUndisturbed(async () => {
    const item = await getSchedule(name, actor);
    requireVersion(ifMatch, item.version);
    const key = scheduleKey(item.tenantId, name);
    await carryOut([
      { write: { kind: 'delete', table: 'tasks', key, condition: unchanged(item) } },
      auditWrite(actor, { action: 'deleted', entity: 'schedule', id: name }),
    ]);
  });
}
