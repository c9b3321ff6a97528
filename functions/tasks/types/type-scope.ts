import type { Caller } from '../../shared/caller.ts';
import { Problem } from '../../shared/problem.ts';

/** @throws {Problem} `forbidden` when the caller's key is limited to other task types */
export function requireTypeScope(caller: Caller, type: string): void {
  if (!caller.taskTypes || caller.taskTypes.includes(type)) return;
  throw new Problem(
    'forbidden',
    `This key may only use the task types: ${caller.taskTypes.join(', ')}; not ${JSON.stringify(type)}`,
  );
}

/**
 * What a tenant has as a whole tells of every type, so a key of some types has no part in it.
 * @param what e.g. `webhooks`
 * @throws {Problem} `forbidden`
 */
export function requireAllTypes({ taskTypes }: Caller, what: string): void {
  if (!taskTypes) return;
  throw new Problem(
    'forbidden',
    `This key may only use the task types: ${taskTypes.join(', ')}; not ${what}, which concern every type`,
  );
}

/**
 * A key of some types lists one of them at a time: anything else would show it the others.
 * @throws {Problem} `forbidden`
 */
export function requireListedType({ taskTypes }: Caller, type: string | undefined): void {
  if (!taskTypes || (type !== undefined && taskTypes.includes(type))) return;
  throw new Problem(
    'forbidden',
    `This key lists only the task types ${taskTypes.join(', ')}: name one as type`,
  );
}
