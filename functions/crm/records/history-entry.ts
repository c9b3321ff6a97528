import * as z from 'zod/mini';
import { actorKinds } from '../../platform/audit/audit-item.ts';

/** One write of a record, as its history answers it. */
export const historyEntry = z.object({
  version: z.int(),
  action: z.enum(['created', 'updated', 'deleted', 'restored', 'merged']),
  at: z.string(),
  actor: z.string(),
  actorKind: z.enum(actorKinds),
  requestId: z.string(),
  changes: z.array(z.object({ field: z.string(), old: z.unknown(), new: z.unknown() })),
});
