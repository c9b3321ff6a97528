import type { Route } from '../shared/route.ts';
import { deadLetterRoutes } from './routes/dead-letter-routes.ts';
import { enqueueRoutes } from './routes/enqueue-routes.ts';
import { readRoutes } from './routes/read-routes.ts';
import { recountRoutes } from './routes/recount-routes.ts';
import { rescoreRoutes } from './routes/rescore-routes.ts';
import { scheduleRoutes } from './routes/schedule-routes.ts';
import { workerRoutes } from './routes/worker-routes.ts';

/** Every route of the tasks function; each group has a file of its own. */
export const taskRoutes: Route[] = [
  ...enqueueRoutes,
  ...readRoutes,
  ...workerRoutes,
  ...scheduleRoutes,
  ...deadLetterRoutes,
  ...recountRoutes,
  ...rescoreRoutes,
];
