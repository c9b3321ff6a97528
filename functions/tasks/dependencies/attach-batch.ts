import type { Actor } from '../../shared/actor.ts';
import { Problem } from '../../shared/problem.ts';
import { hasEnded } from '../lifecycle/state-machine.ts';
import type { TaskItem } from '../task.ts';
import { typeAt } from '../types/type-registry.ts';
import { withStanding } from './attach.ts';
import { type BatchGraph, refPrefix } from './batch-graph.ts';
import { markParents, readParents, requireParents } from './parents.ts';
import { standAmong } from './rules.ts';

/** The tasks of a batch as they are written together. */
export interface AttachedBatch {
  /** By their places; two places with one dedupe key have one task. */
  tasks: TaskItem[];
  /** The places whose task is that of an earlier one, with the place of that. */
  sameAs: Map<number, number>;
}

/**
 * The tasks of an atomic batch among their parents, in the batch and outside of it. Tasks that are written together
 * need no edges: a parent names its dependents itself, so a graph costs no more writes than its tasks.
 * @param planned the tasks by their places, with refs in `dependsOn`
 * @param pointed makes a problem of a place point to it
 * @throws {Problem} as `attachToParents`
 */
export async function attachBatch(
  planned: readonly TaskItem[],
  graph: BatchGraph,
  actor: Actor,
  at: Date,
  pointed: (problem: Problem, place: number) => Problem,
): Promise<AttachedBatch> {
  const outside = [...new Set(planned.flatMap(({ dependsOn = [] }) => dependsOn))].filter(
    (id) => !id.startsWith(refPrefix),
  );
  /** By what `dependsOn` calls them. */
  const found = await readParents(actor.caller.tenantId, outside);
  const tasks: TaskItem[] = [];
  const sameAs = new Map<number, number>();
  const dependents = new Map<string, Set<string>>();
  for (const place of graph.waves.flat()) {
    const same = graph.sameAs[place];
    const earlier = same === undefined ? undefined : tasks[same];
    if (same !== undefined && earlier && !hasEnded(earlier.state)) {
      tasks[place] = earlier;
      sameAs.set(place, sameAs.get(same) ?? same);
    } else {
      tasks[place] = await attach(planned[place] as TaskItem, place);
    }
    noteRef(place, tasks[place]);
  }
  const whole = new Map([...new Set(tasks)].map((task) => [task, withDependents(task)]));
  return { tasks: tasks.map((task) => whole.get(task) as TaskItem), sameAs };

  async function attach(task: TaskItem, place: number): Promise<TaskItem> {
    if (!task.dependsOn) return task;
    try {
      const parents = requireParents(task.dependsOn, found, actor);
      const standing = standAmong(parents, task.onDependencyFailure ?? 'cancel');
      const awaited = parents.filter(({ id }) => standing.awaits.includes(id));
      await markParents(task.tenantId, awaited);
      for (const { id } of awaited) dependents.set(id, (dependents.get(id) ?? new Set()).add(task.id));
      const type = await typeAt(task.tenantId, task.type, task.typeVersion);
      return withStanding(
        { ...task, dependsOn: [...new Set(parents.map(({ id }) => id))] },
        standing,
        type,
        at,
      );
    } catch (error) {
      throw error instanceof Problem ? pointed(error, place) : error;
    }
  }

  function noteRef(place: number, { id, type, state }: TaskItem): void {
    for (const [ref, named] of graph.places) {
      // Marked as far as others need to: the item says so itself when it is written.
      if (named === place) found.set(`${refPrefix}${ref}`, { id, type, state, marked: true });
    }
  }

  function withDependents(task: TaskItem): TaskItem {
    const waiting = dependents.get(task.id);
    return waiting ? { ...task, dependents: true, batchDependents: [...waiting] } : task;
  }
}
