import { availableParallelism } from 'node:os';
import type { MetricSink } from '../types.ts';
import { AwsError } from '../types.ts';
import type { FunctionSettings } from './function-settings.ts';
import type { Sandbox, SandboxOutcome, SandboxRequestOptions } from './sandbox.ts';
import { SandboxInitError } from './sandbox.ts';

/** What bounds a pool; times in milliseconds. */
export interface PoolLimits {
  /** Sandboxes of one function at most, where the template reserves no concurrency. */
  maximumSandboxes: number;
  /** Sandboxes of one function that start at the same time. */
  maximumStarting: number;
  /** How long an invocation waits for a busy sandbox before another one is started. */
  growAfter: number;
  /** The same while all processors are busy, beyond one sandbox per processor. */
  growAfterWhenBusy: number;
  /** How long an invocation waits for a sandbox at all. */
  queueTimeout: number;
  /** Idle sandboxes above one are stopped after this. */
  idleTimeout: number;
  /** An idle sandbox gives its garbage back after this. */
  compactAfter: number;
}

export const defaultPoolLimits: PoolLimits = {
  maximumSandboxes: 64,
  maximumStarting: 2,
  growAfter: 15,
  growAfterWhenBusy: 1_000,
  queueTimeout: 20_000,
  idleTimeout: 30_000,
  compactAfter: 10_000,
};

interface Waiter {
  since: number;
  take(sandbox: Sandbox): void;
  fail(error: unknown): void;
}

/**
 * The sandboxes of one function. A free one is reused, the most recently used first, so that the others grow
 * idle and go. An invocation that finds none takes whichever comes first: one that is freed or one that started.
 */
export class SandboxPool {
  readonly #settings: FunctionSettings;
  readonly #launch: () => Sandbox;
  readonly #metrics: MetricSink;
  readonly #limits: PoolLimits;
  readonly #machineIsBusy: () => boolean;
  readonly #all = new Set<Sandbox>();
  readonly #idle: Sandbox[] = [];
  readonly #waiters: Waiter[] = [];
  #starting = 0;
  #inFlight = 0;
  #growTimer: NodeJS.Timeout | undefined;
  #sweepTimer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(
    settings: FunctionSettings,
    launch: () => Sandbox,
    metrics: MetricSink,
    limits: PoolLimits = defaultPoolLimits,
    machineIsBusy: () => boolean = () => false,
  ) {
    this.#settings = settings;
    this.#launch = launch;
    this.#metrics = metrics;
    this.#limits = limits;
    this.#machineIsBusy = machineIsBusy;
  }

  /** Sandboxes alive, starting ones included. */
  get size(): number {
    return this.#all.size;
  }

  /**
   * Starts the first sandbox ahead of the first invocation.
   * @throws {SandboxInitError} when the handler cannot be loaded
   */
  async warm(): Promise<void> {
    if (this.#all.size > 0) return;
    // Loading leaves as much garbage as code behind, and the next sandbox to start can use its pages.
    await this.#start((sandbox) => sandbox.compact());
  }

  /**
   * @returns how the handler ended; a sandbox that cannot start is a function error of kind `init`
   * @throws {AwsError} `TooManyRequestsException`
   */
  async run(request: SandboxRequestOptions): Promise<SandboxOutcome> {
    const reserved = this.#settings.reservedConcurrency;
    if (reserved !== undefined && this.#inFlight >= reserved) this.#throttle();
    this.#inFlight += 1;
    this.#put('ConcurrentExecutions', this.#inFlight, 'Count');
    try {
      const sandbox = this.#takeIdle() ?? (await this.#wait());
      const outcome = await sandbox.invoke(request);
      this.#release(sandbox);
      this.#record(outcome);
      return outcome;
    } catch (error) {
      if (!(error instanceof SandboxInitError)) throw error;
      const outcome: SandboxOutcome = {
        error: { ...error.error, kind: 'init' },
        stack: error.error.stack,
        durationMs: 0,
      };
      this.#record(outcome);
      return outcome;
    } finally {
      this.#inFlight -= 1;
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#growTimer);
    clearInterval(this.#sweepTimer);
    for (const waiter of this.#waiters.splice(0)) {
      waiter.fail(new AwsError('ServiceUnavailable', 'The local runtime stops', 503));
    }
    await Promise.all([...this.#all].map((sandbox) => sandbox.stop()));
    this.#all.clear();
  }

  /** An idle sandbox may have died of something its handler left running. */
  #takeIdle(): Sandbox | undefined {
    for (let sandbox = this.#idle.pop(); sandbox; sandbox = this.#idle.pop()) {
      if (!sandbox.dead) return sandbox;
      this.#all.delete(sandbox);
    }
    return undefined;
  }

  #wait(): Promise<Sandbox> {
    const { promise, resolve, reject } = Promise.withResolvers<Sandbox>();
    if (this.#stopped) throw new AwsError('ServiceUnavailable', 'The local runtime stops', 503);
    const waiter: Waiter = {
      since: performance.now(),
      take: (sandbox) => {
        clearTimeout(timeout);
        resolve(sandbox);
      },
      fail: (error) => {
        clearTimeout(timeout);
        reject(error);
      },
    };
    const timeout = setTimeout(() => {
      this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
      try {
        this.#throttle();
      } catch (error) {
        reject(error);
      }
    }, this.#limits.queueTimeout);
    this.#waiters.push(waiter);
    if (this.#all.size === 0) this.#grow();
    else this.#growSoon();
    return promise;
  }

  /** A short wait for a busy sandbox is cheaper than a start, which takes a tenth of a second of CPU. */
  #growSoon(): void {
    this.#growTimer ??= setTimeout(() => {
      this.#growTimer = undefined;
      if (!this.#isPointless()) this.#grow();
      if (this.#waiters.length > 0 && this.#all.size < this.#maximum) this.#growSoon();
    }, this.#limits.growAfter);
  }

  /** With all processors busy the wait is for them, unless every sandbox of this function waits for something else. */
  #isPointless(): boolean {
    if (this.#all.size < availableParallelism() || !this.#machineIsBusy()) return false;
    const waited = performance.now() - (this.#waiters[0]?.since ?? performance.now());
    return waited < this.#limits.growAfterWhenBusy;
  }

  get #maximum(): number {
    return this.#settings.reservedConcurrency ?? this.#limits.maximumSandboxes;
  }

  #grow(): void {
    const wanted = Math.min(this.#waiters.length, this.#limits.maximumStarting) - this.#starting;
    for (let i = 0; i < wanted && this.#all.size < this.#maximum; i += 1) {
      this.#start().catch((error: unknown) => {
        // Each failed start is the answer to one invocation; the others get their own try.
        this.#waiters.shift()?.fail(error);
        this.#grow();
      });
    }
  }

  async #start(prepare: (sandbox: Sandbox) => Promise<void> = async () => {}): Promise<void> {
    const sandbox = this.#launch();
    this.#all.add(sandbox);
    this.#starting += 1;
    this.#sweepTimer ??= setInterval(() => this.#sweep(), 1000).unref();
    try {
      await sandbox.ready;
      await prepare(sandbox);
    } catch (error) {
      this.#all.delete(sandbox);
      throw error;
    } finally {
      this.#starting -= 1;
    }
    sandbox.idleSince = Date.now();
    this.#release(sandbox);
  }

  #release(sandbox: Sandbox): void {
    if (sandbox.dead) {
      this.#all.delete(sandbox);
      if (this.#waiters.length > 0) this.#grow();
      return;
    }
    const waiter = this.#waiters.shift();
    if (waiter) waiter.take(sandbox);
    else this.#idle.push(sandbox);
  }

  #sweep(): void {
    const now = Date.now();
    for (const sandbox of [...this.#idle]) {
      if (sandbox.dead) {
        this.#remove(sandbox);
      } else if (this.#all.size > 1 && now - sandbox.idleSince > this.#limits.idleTimeout) {
        this.#remove(sandbox);
        void sandbox.stop();
      } else if (!sandbox.compacted && now - sandbox.idleSince > this.#limits.compactAfter) {
        this.#idle.splice(this.#idle.indexOf(sandbox), 1);
        void sandbox.compact().then(() => this.#release(sandbox));
      }
    }
  }

  #remove(sandbox: Sandbox): void {
    this.#idle.splice(this.#idle.indexOf(sandbox), 1);
    this.#all.delete(sandbox);
  }

  #throttle(): never {
    this.#put('Throttles', 1, 'Count');
    throw new AwsError('TooManyRequestsException', `Rate exceeded: ${this.#settings.name}`, 429);
  }

  /** https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html; Errors has zeros for a rate. */
  #record({ error, durationMs }: SandboxOutcome): void {
    this.#put('Invocations', 1, 'Count');
    this.#put('Errors', error ? 1 : 0, 'Count');
    this.#put('Throttles', 0, 'Count');
    if (error?.kind !== 'init') this.#put('Duration', durationMs, 'Milliseconds');
  }

  #put(name: string, value: number, unit: string): void {
    const dimensions = { FunctionName: this.#settings.name };
    this.#metrics.put({ namespace: 'AWS/Lambda', name, dimensions, value, unit });
  }
}
