import * as z from 'zod/mini';
import type { TaskItem } from '../../tasks/task.ts';

/** How far an import has come: its task's checkpoint. */
export interface ImportState {
  /** Rows that are done, the header not counted. */
  rows: number;
  created: number;
  updated: number;
  /** Rows that say what the record says already. */
  unchanged: number;
  failed: number;
  /** Parts of the error file that are written. */
  parts: number;
}

const stateSchema = z.strictObject({
  rows: z.int(),
  created: z.int(),
  updated: z.int(),
  unchanged: z.int(),
  failed: z.int(),
  parts: z.int(),
});

/** Where to begin: at the start, or where an earlier run was broken off or died. */
export function stateOf({ checkpoint }: Pick<TaskItem, 'checkpoint'>): ImportState {
  if (checkpoint === undefined) return { rows: 0, created: 0, updated: 0, unchanged: 0, failed: 0, parts: 0 };
  return stateSchema.parse(JSON.parse(checkpoint));
}
