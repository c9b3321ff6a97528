import type { Actor } from '../../shared/actor.ts';
import { log } from '../../shared/logger.ts';
import { releaseTask } from '../lease/settle.ts';
import type { TaskItem } from '../task.ts';

/** Lambda answers with at most 6 MB, and the body is a JSON string in it (AWS); some room for what is around. */
export const maxAnswerBytes = 5_500_000;

/** What JSON text takes in an answer, where it is escaped once more; every byte at most doubles. */
export function answerBytes(text: string): number {
  return Buffer.byteLength(text) + (text.match(/["\\]/g)?.length ?? 0);
}

/** The members of a leased task beside its input, generously. */
const besideInput = 1_000;

/**
 * Leases that fit into one answer. The others are released, no attempt spent: nobody would learn of them.
 * The first one is always kept; one UpdateItem for each that is not.
 */
export async function keepWhatFits(
  tasks: readonly TaskItem[],
  bytes: number,
  actor: Actor,
): Promise<TaskItem[]> {
  // Most claims are far from the limit, and counting what is escaped reads every character.
  const atMost = tasks.reduce((sum, { input = '' }) => sum + besideInput + 2 * Buffer.byteLength(input), 0);
  if (atMost <= bytes) return [...tasks];
  const kept: TaskItem[] = [];
  const surplus: TaskItem[] = [];
  let left = bytes;
  for (const task of tasks) {
    left -= besideInput + answerBytes(task.input ?? '');
    if (left >= 0 || kept.length === 0) kept.push(task);
    else surplus.push(task);
  }
  await Promise.all(surplus.map((task) => release(task, actor)));
  return kept;
}

async function release({ id, leaseToken = '' }: TaskItem, actor: Actor): Promise<void> {
  try {
    await releaseTask({ id, leaseToken }, 0, actor);
  } catch (error) {
    // It is free at the end of its lease then; what was kept must reach its worker.
    log().warn('a lease that did not fit into the answer was not released', {
      taskId: id,
      error: error as Error,
    });
  }
}
