import { etagOf } from '../shared/etag.ts';
import { json, noContent } from '../shared/http/response.ts';
import type { Operation } from '../shared/http/rest-handler.ts';
import { validate } from '../shared/validation.ts';
import { typeName } from '../tasks/fields.ts';
import { deleteSchedule, getSchedule, listSchedules } from '../tasks/schedules/find-schedules.ts';
import { putSchedule } from '../tasks/schedules/put-schedule.ts';
import type { ScheduleItem } from '../tasks/schedules/schedule-item.ts';
import { scheduleJson } from '../tasks/schedules/schedule-view.ts';
import { jsonText } from './task-response.ts';

export const scheduleOperations: Record<string, Operation> = {
  listTaskSchedules: async (request) => json(200, await listSchedules(request.query, request)),
  getTaskSchedule: async (request) => answer(200, await getSchedule(request.path.name ?? '', request)),
  putTaskSchedule: async (request) => {
    const name = validate(typeName, request.path.name, '/name');
    const { created, schedule } = await putSchedule(name, request.body, request, request);
    return answer(created ? 201 : 200, schedule);
  },
  deleteTaskSchedule: async (request) => {
    await deleteSchedule(request.path.name ?? '', request, request.ifMatch);
    return noContent();
  },
};

/** Its tag is for `If-Match`; a schedule moves on without a new version, so a GET is always answered in full. */
function answer(status: number, schedule: ScheduleItem) {
  return jsonText(status, scheduleJson(schedule), { etag: etagOf(schedule.version) });
}
