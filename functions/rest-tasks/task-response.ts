import { etagOf } from '../shared/etag.ts';
import type { RestResponse } from '../shared/http/response.ts';
import type { TaskItem } from '../tasks/task.ts';
import { taskJson } from '../tasks/task-view.ts';

/** An answer whose body is JSON text already. */
export function jsonText(status: number, body: string, headers: Record<string, string> = {}): RestResponse {
  return { status, headers: { 'content-type': 'application/json; charset=utf-8', ...headers }, body };
}

/** A task with its entity tag. */
export function taskResponse(
  status: number,
  task: TaskItem,
  headers: Record<string, string> = {},
): RestResponse {
  return jsonText(status, taskJson(task), { etag: etagOf(task.version), ...headers });
}

/** The same answer to the same call again. */
export const replayedHeader = { 'idempotent-replayed': 'true' };
