/** What the parent and `bootstrap.mjs` tell each other over the worker's port. */

export interface SandboxError {
  errorType: string;
  errorMessage: string;
  stack?: string;
}

/** Parent → sandbox: the events of one sandbox never overlap. */
export type SandboxRequest =
  | {
      type: 'invoke';
      requestId: string;
      /** The event as JSON, as Lambda's runtime API hands it over. */
      payload: string;
      /** Epoch milliseconds. */
      deadline: number;
      traceHeader: string;
      /** The fixed members of the handler's context. */
      context: Record<string, string>;
    }
  | { type: 'compact' };

/** Sandbox → parent. */
export type SandboxMessage =
  | { type: 'ready' }
  | { type: 'compacted' }
  | { type: 'init-error'; error: SandboxError }
  | { type: 'output'; text: string }
  | { type: 'uncaught'; error: SandboxError }
  | {
      type: 'result';
      requestId: string;
      /** Heap and buffers after the handler. */
      memoryBytes: number;
      /** The result as JSON; absent when `error` is set. */
      payload?: string;
      error?: SandboxError;
    };

/** Given to the worker at its start. */
export interface SandboxData {
  moduleBase: string;
  exportPath: string[];
  handler: string;
}
