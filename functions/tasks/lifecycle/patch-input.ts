import * as z from 'zod/mini';
import { aboutRecord } from '../enqueue/enqueue-input.ts';
import { described, instant, line, wholeNumber } from '../fields.ts';

/** A member that `null` clears and that stays when it is left out. */
const clearable = <T extends z.ZodMiniType>(schema: T) => z.optional(z.nullable(schema));

/** What a task is, and what becomes of it: fixed when it was made, or changed by calls of their own. */
const fixedMembers = new Set([
  'type',
  'executor',
  'input',
  'state',
  'result',
  'maxAttempts',
  'dedupeKey',
  'dependsOn',
  'onDependencyFailure',
]);

function whyFixed(keys: readonly string[]): string | undefined {
  return keys.every((key) => fixedMembers.has(key)) ? 'cannot be changed by a patch' : undefined;
}

const members = {
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
};

/** A merge patch of a task (RFC 7396). */
export const taskPatch = z.strictObject(members, {
  error: (issue) =>
    issue.code === 'unrecognized_keys' ? whyFixed(issue.keys as readonly string[]) : undefined,
});

export type TaskPatch = z.infer<typeof taskPatch>;
