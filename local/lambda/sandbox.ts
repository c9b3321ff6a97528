import { Worker } from 'node:worker_threads';
import type { InvocationResult } from '../types.ts';
import type { LineSink } from './function-output.ts';
import type { FunctionSettings } from './function-settings.ts';
import type { SandboxData, SandboxError, SandboxMessage, SandboxRequest } from './sandbox-messages.ts';

const bootstrap = new URL('./bootstrap.mjs', import.meta.url);

/** Lambda's own limit of the init phase. */
const initMilliseconds = 10_000;

/** A young generation above this only costs memory: a sandbox holds one request at a time. */
const youngGenerationMegabytes = 8;

/**
 * How often the memory of a running invocation is looked at. This enforces MemorySize, buffers included; V8's own
 * heap limit lies far above it, because V8 ends the whole process when a single allocation crosses that limit.
 */
const memoryCheckMilliseconds = 50;

/** The sandbox could not start; `kind` is what invocations report. */
export class SandboxInitError extends Error {
  override readonly name = 'SandboxInitError';
  readonly error: SandboxError;
  constructor(error: SandboxError) {
    super(`${error.errorType}: ${error.errorMessage}`);
    this.error = error;
  }
}

export interface SandboxRequestOptions {
  requestId: string;
  /** JSON */
  payload: string;
  traceHeader: string;
}

export type SandboxOutcome = Pick<InvocationResult, 'error' | 'durationMs'> & {
  /** JSON; absent when `error` is set. */
  payload?: string;
  stack?: string;
};

type Kind = NonNullable<InvocationResult['error']>['kind'];

/**
 * One execution environment of a function: a worker thread with its own environment, module graph and memory
 * limit, which runs one invocation at a time. When the handler does not come back as a handler should (timeout,
 * exit, memory), the sandbox is dead afterwards and the pool starts another.
 */
export class Sandbox {
  /** Settles when the handler is loaded; rejects with {@link SandboxInitError}. */
  readonly ready: Promise<void>;
  dead = false;
  /** Epoch milliseconds of the last end of work. */
  idleSince = Date.now();
  /** Memory has been given back since the last invocation. */
  compacted = false;
  readonly #settings: FunctionSettings;
  readonly #worker: Worker;
  readonly #output: LineSink;
  #started = Promise.withResolvers<void>();
  #running: { finish: (outcome: SandboxOutcome) => void; requestId: string; startedAt: number } | undefined;
  #uncaught: SandboxError | undefined;
  #compacting: (() => void) | undefined;

  constructor(settings: FunctionSettings, environment: Record<string, string>, output: LineSink) {
    this.#settings = settings;
    this.#output = output;
    const { moduleBase, exportPath, handler } = settings;
    this.#worker = new Worker(bootstrap, {
      name: settings.name,
      env: environment,
      workerData: { moduleBase, exportPath, handler } satisfies SandboxData,
      execArgv: [],
      stdout: true,
      stderr: true,
      resourceLimits: {
        maxOldGenerationSizeMb: heapLimitMegabytes(settings.memoryMegabytes),
        maxYoungGenerationSizeMb: youngGenerationMegabytes,
      },
    });
    this.ready = this.#started.promise;
    // Whoever waits for it sees the failure; without anyone waiting it is not an error of the runtime.
    this.ready.catch(() => {});
    this.#worker.on('message', (message: SandboxMessage) => this.#receive(message));
    this.#worker.on('error', (error: NodeJS.ErrnoException) => this.#fail(error));
    this.#worker.on('exit', (code) => this.#exited(code));
    this.#watchInit();
  }

  /** @returns how the handler ended; never rejects */
  async invoke({ requestId, payload, traceHeader }: SandboxRequestOptions): Promise<SandboxOutcome> {
    const { promise, resolve } = Promise.withResolvers<SandboxOutcome>();
    const limit = this.#settings.timeoutSeconds * 1000;
    const timeout = setTimeout(() => this.#timedOut(), limit);
    const memory = setInterval(() => void this.#checkMemory(), memoryCheckMilliseconds);
    this.compacted = false;
    this.#running = { finish: resolve, requestId, startedAt: performance.now() };
    this.#post({
      type: 'invoke',
      requestId,
      payload,
      deadline: Date.now() + limit,
      traceHeader,
      context: {
        functionName: this.#settings.name,
        functionVersion: '$LATEST',
        invokedFunctionArn: this.#settings.arn,
        memoryLimitInMB: String(this.#settings.memoryMegabytes),
        logGroupName: this.#settings.logging.group,
        logStreamName: `local/[$LATEST]${this.#settings.name}`,
      },
    });
    const outcome = await promise;
    clearTimeout(timeout);
    clearInterval(memory);
    this.idleSince = Date.now();
    return outcome;
  }

  /** Collects garbage in an idle sandbox. Resolves when it is free again. */
  async compact(): Promise<void> {
    this.compacted = true;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#compacting = resolve;
    this.#post({ type: 'compact' });
    await promise;
  }

  async stop(): Promise<void> {
    this.dead = true;
    await this.#worker.terminate();
  }

  #post(request: SandboxRequest): void {
    this.#worker.postMessage(request);
  }

  #receive(message: SandboxMessage): void {
    switch (message.type) {
      case 'ready':
        this.#started.resolve();
        return;
      case 'compacted':
        this.#compacting?.();
        return;
      case 'init-error':
        this.#started.reject(new SandboxInitError(message.error));
        void this.stop();
        return;
      case 'output':
        this.#output.write(message.text);
        return;
      case 'uncaught':
        this.#uncaught = message.error;
        return;
      case 'result':
        this.#answered(message);
    }
  }

  #answered({ requestId, payload, error, memoryBytes }: SandboxMessage & { type: 'result' }): void {
    if (requestId !== this.#running?.requestId) return;
    if (memoryBytes > this.#settings.memoryMegabytes * 1024 * 1024) {
      this.#outOfMemory();
      return;
    }
    if (!error) {
      this.#finish({ payload });
      return;
    }
    const { stack, ...rest } = error;
    this.#finish({ error: { ...rest, kind: 'handled' }, stack });
  }

  #timedOut(): void {
    const seconds = this.#settings.timeoutSeconds.toFixed(2);
    this.#abandon('timeout', 'Sandbox.Timedout', `Task timed out after ${seconds} seconds`);
  }

  #outOfMemory(): void {
    const limit = this.#settings.memoryMegabytes;
    const why = `Runtime exited with error: signal: killed (more than ${limit} MB)`;
    this.#abandon('out-of-memory', 'Runtime.OutOfMemory', why);
  }

  async #checkMemory(): Promise<void> {
    const running = this.#running;
    const statistics = await this.#worker.getHeapStatistics().catch(() => undefined);
    if (!statistics || running !== this.#running) return;
    const used = statistics.used_heap_size + statistics.external_memory;
    if (used > this.#settings.memoryMegabytes * 1024 * 1024) this.#outOfMemory();
  }

  /** The worker itself failed: only V8's memory limit gets here, since the bootstrap catches the rest. */
  #fail(error: NodeJS.ErrnoException): void {
    if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') this.#outOfMemory();
    else this.#abandon('exit', error.name, error.message);
  }

  #exited(code: number): void {
    this.dead = true;
    this.#output.end();
    this.#compacting?.();
    if (this.#uncaught) {
      const { stack, ...error } = this.#uncaught;
      this.#started.reject(new SandboxInitError(error));
      this.#finish({ error: { ...error, kind: 'exit' }, stack });
      return;
    }
    const how = code === 0 ? 'without providing a reason' : `with error: exit status ${code}`;
    this.#abandon('exit', 'Runtime.ExitError', `Runtime exited ${how}`);
  }

  /** Reports the end of whatever is under way and makes sure that nothing runs on. */
  #abandon(kind: Kind, errorType: string, reason: string): void {
    this.#started.reject(new SandboxInitError({ errorType, errorMessage: reason }));
    const prefix = this.#running ? `RequestId: ${this.#running.requestId} Error: ` : '';
    this.#finish({ error: { errorType, errorMessage: prefix + reason, kind } });
    void this.stop();
  }

  #finish(outcome: Omit<SandboxOutcome, 'durationMs'>): void {
    const running = this.#running;
    this.#running = undefined;
    if (running) running.finish({ ...outcome, durationMs: performance.now() - running.startedAt });
  }

  #watchInit(): void {
    const timer = setTimeout(() => {
      this.#abandon('init', 'Sandbox.Timedout', `Init timed out after ${initMilliseconds / 1000} seconds`);
    }, initMilliseconds);
    const clear = () => clearTimeout(timer);
    this.ready.then(clear, clear);
  }
}

/** Room for the largest single step (a map or array doubling) between two looks at the memory. */
function heapLimitMegabytes(memoryMegabytes: number): number {
  return memoryMegabytes * 2 + 512;
}
