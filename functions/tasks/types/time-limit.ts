import { createContext, Script } from 'node:vm';

/** Thrown in place of what a job would have answered. */
export class TimeIsUp extends Error {
  override readonly name = 'TimeIsUp';
}

/** The engine can break off what it runs as a script, even within a regular expression; so the job is called by one. */
const script = new Script('job()');
let caller: { job?: () => unknown } | undefined;

/**
 * Runs a job that must not take longer, and breaks it off when it does. When the machine was busy with something
 * else for most of that time, the job gets a second chance.
 * @throws {TimeIsUp}
 */
export function runWithin<T>(millis: number, job: () => T): T {
  const before = process.threadCpuUsage();
  try {
    return runOnce(millis, job);
  } catch (error) {
    if (!(error instanceof TimeIsUp)) throw error;
    const { user, system } = process.threadCpuUsage(before);
    if (user + system > millis * 500) throw error;
    return runOnce(millis, job);
  }
}

function runOnce<T>(millis: number, job: () => T): T {
  caller ??= createContext({}) as { job?: () => unknown };
  caller.job = job;
  try {
    return script.runInContext(caller, { timeout: millis }) as T;
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw new TimeIsUp();
    throw error;
  } finally {
    caller.job = undefined;
  }
}
