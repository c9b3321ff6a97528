import { etagOf, matchesNone } from '../shared/etag.ts';
import { json } from '../shared/http/response.ts';
import type { Operation } from '../shared/http/rest-handler.ts';
import { getTask, listTasks } from '../tasks/find-tasks.ts';
import { readAttempts } from '../tasks/history/read-attempts.ts';
import { taskResponse } from './task-response.ts';

export const readOperations: Record<string, Operation> = {
  listTasks: async (request) => json(200, await listTasks(request.query, request)),
  getTask: async (request) => {
    const task = await getTask(request.path.id ?? '', request);
    const etag = etagOf(task.version);
    if (matchesNone(request.ifNoneMatch, etag)) return { status: 304, headers: { etag } };
    return taskResponse(200, task);
  },
  getTaskHistory: async (request) =>
    json(200, await readAttempts(request.path.id ?? '', request.query, request)),
};
