import * as z from 'zod/mini';
import { aboutRecord } from './enqueue-input.ts';
import { described, instant, line, wholeNumber } from './fields.ts';

/** A member that `null` clears and that stays when it is left out. */
const clearable = <T extends z.ZodMiniType>(schema: T) => z.optional(z.nullable(schema));

/** A merge patch of a task (RFC 7396). */
export const taskPatch = z.strictObject({
  title: clearable(line(200)),
  assigneeId: clearable(line(128)),
  dueAt: described(clearable(instant), 'When a person should be done; nothing happens by itself.'),
  about: described(clearable(aboutRecord), 'Replaced as a whole.'),
  priority: described(
    z.optional(wholeNumber(-100, 100)),
    'Moves the task in its queue as if it had had it from the start; not once it is worked on or has ended.',
  ),
  runAt: described(
    clearable(instant),
    'Null or a time that has passed: at once. Not once it is worked on or has ended.',
  ),
  startBy: described(clearable(instant), 'Not once it has been claimed or has ended.'),
  deadline: described(clearable(instant), 'Not while it is worked on, nor once it has ended.'),
});

export type TaskPatch = z.infer<typeof taskPatch>;
