import { restHandler } from '../shared/http/rest-handler.ts';
import { taskRoutes } from '../tasks/routes.ts';
import { deadLetterOperations } from './dead-letter-operations.ts';
import { enqueueOperations } from './enqueue-operations.ts';
import { readOperations } from './read-operations.ts';
import { recountOperations } from './recount-operations.ts';
import { reportOperations } from './report-operations.ts';
import { rescoreOperations } from './rescore-operations.ts';
import { scheduleOperations } from './schedule-operations.ts';
import { workerOperations } from './worker-operations.ts';

export const handler = restHandler(taskRoutes, {
  ...enqueueOperations,
  ...readOperations,
  ...workerOperations,
  ...reportOperations,
  ...scheduleOperations,
  ...deadLetterOperations,
  ...recountOperations,
  ...rescoreOperations,
});
