import { Problem, type ProblemDetail, validationFailed } from '../../shared/problem.ts';
import { aboutErrors, aboutText } from '../enqueue/enqueue-input.ts';
import type { TaskItem } from '../task.ts';
import type { TaskPatch } from './patch-input.ts';
import { hasEnded } from './state-machine.ts';

/** Members that decide when and in which order a task is done; the others only say something of it. */
const planned = ['priority', 'runAt', 'startBy', 'deadline'] as const;
type Planned = (typeof planned)[number];

/** The members of a task as a patch leaves them, as far as they are others than before. */
export function changedMembers(task: TaskItem, patch: TaskPatch, nowMillis: number): Partial<TaskItem> {
  const { about, runAt, ...rest } = patch;
  const stored: Record<string, unknown> = { ...rest };
  if (about !== undefined) stored.about = about && aboutText(about);
  // A start that has passed is none, as for a new task.
  if (runAt !== undefined) stored.runAt = runAt !== null && Date.parse(runAt) > nowMillis ? runAt : null;
  return Object.fromEntries(
    Object.entries(stored).flatMap(([name, value]) => {
      const after = value ?? undefined;
      return value === undefined || after === task[name] ? [] : [[name, after]];
    }),
  );
}

/** True when the task may stand elsewhere in its queue afterwards. */
export function isReplanned(members: Partial<TaskItem>): boolean {
  return planned.some((name) => Object.hasOwn(members, name));
}

/** @throws {Problem} `invalid_transition` for what can no longer be changed, `validation_failed` for what makes no sense */
export function checkPatch(
  task: TaskItem,
  members: Partial<TaskItem>,
  patch: TaskPatch,
  nowMillis: number,
): void {
  const locked = planned.flatMap((name): ProblemDetail[] => {
    const reason = Object.hasOwn(members, name) ? lockOf(task, name) : undefined;
    return reason ? [{ pointer: `/${name}`, code: 'invalid_transition', message: reason }] : [];
  });
  if (locked.length > 0) {
    const names = locked.map(({ pointer }) => pointer?.slice(1)).join(', ');
    throw new Problem('invalid_transition', `${names} cannot be changed: ${locked[0]?.message}`, {
      errors: locked,
      extensions: { state: task.state },
    });
  }
  const errors = [...aboutErrors(patch.about ?? undefined), ...timeErrors(task, members, nowMillis)];
  if (errors.length > 0) throw validationFailed(errors);
}

/** Why a member cannot be changed any more. The lease of a claimed task carries its deadline and priority. */
function lockOf(task: TaskItem, name: Planned): string | undefined {
  if (hasEnded(task.state)) return `the task has ended (${task.state})`;
  if (task.state === 'claimed') return 'the task is being worked on';
  if (name === 'startBy' && task.lease > 0) return 'the task has been claimed before, in time';
  return undefined;
}

/** Times are compared as the task will have them; the pointer names what the patch has brought. */
function timeErrors(task: TaskItem, members: Partial<TaskItem>, nowMillis: number): ProblemDetail[] {
  const after = { ...task, ...members };
  const start = after.runAt === undefined ? 0 : Date.parse(after.runAt);
  return (['startBy', 'deadline'] as const).flatMap((name): ProblemDetail[] => {
    const end = after[name];
    if (end === undefined || (name === 'startBy' && task.lease > 0)) return [];
    const isNew = Object.hasOwn(members, name);
    const message = start > nowMillis ? 'must be later than the start' : 'must be in the future';
    if (isNew && Date.parse(end) <= Math.max(start, nowMillis)) {
      return [{ pointer: `/${name}`, code: 'invalid_value', message }];
    }
    if (!isNew && members.runAt !== undefined && Date.parse(end) <= start) {
      return [{ pointer: '/runAt', code: 'invalid_value', message: `must be earlier than ${name}` }];
    }
    return [];
  });
}
