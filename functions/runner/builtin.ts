import type { Progress, TaskItem } from '../tasks/task.ts';

/** What a built-in type is given to work with. */
export interface BuiltinContext {
  task: TaskItem;
  requestId: string;
  /** Milliseconds until the work must have ended or been broken off. */
  remainingMillis(): number;
  /**
   * Tells the progress, keeps a checkpoint and extends the lease; one write, so every few seconds is enough.
   * @param checkpoint JSON text to go on from
   * @returns true when the task is to be cancelled: stop
   */
  report(progress: Progress, checkpoint: string): Promise<boolean>;
}

/** Done, with the last progress; or broken off to go on from a checkpoint (JSON text) in another invocation. */
export type BuiltinOutcome = { result: unknown; progress: Progress } | { checkpoint: string };

/** The work of a built-in type. It may be run again after a crash, so what it has done must not be done twice. */
export type Builtin = (context: BuiltinContext) => Promise<BuiltinOutcome>;

/** The work failed for a reason that the task's owner should read. */
export class TaskFailure extends Error {
  override readonly name = 'TaskFailure';
  readonly code: string;
  readonly retryable: boolean;
  /** JSON, kept with the error: how far the work has come, say. */
  readonly details: unknown;

  constructor(code: string, message: string, options: { retryable: boolean; details?: unknown }) {
    super(message);
    this.code = code;
    this.retryable = options.retryable;
    this.details = options.details;
  }
}
