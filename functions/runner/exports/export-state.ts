import * as z from 'zod/mini';
import type { TaskItem } from '../../tasks/task.ts';

const stateSchema = z.strictObject({
  /** Records that are in the file. */
  rows: z.int(),
  /** Where the list goes on; `null` at its end. Absent at the start. */
  cursor: z.optional(z.nullable(z.string())),
  columns: z.array(z.string()),
  /** Parts of the file that are stored. */
  upload: z.optional(
    z.strictObject({ uploadId: z.string(), etags: z.array(z.string()), sizeBytes: z.int() }),
  ),
  /** Text that was too little for a part lies in an object beside the file. */
  rest: z.boolean(),
});

/** How far an export has come: its task's checkpoint. */
export type ExportState = z.infer<typeof stateSchema>;

/** Where an earlier run was broken off or died. */
export function exportStateOf({ checkpoint }: Pick<TaskItem, 'checkpoint'>): ExportState | undefined {
  return checkpoint === undefined ? undefined : stateSchema.parse(JSON.parse(checkpoint));
}
