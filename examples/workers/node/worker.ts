/**
 * A Tandem worker with nothing but Node (22.18 or later runs TypeScript as it is).
 *
 *     TANDEM_URL=http://localhost:3000 TANDEM_API_KEY=tdm_… node worker.ts demo.sum
 *
 * The protocol is explained in docs/worker-protocol.md; replace demoSum with work of your own.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

const url = `${env('TANDEM_URL').replace(/\/$/, '')}/api/v1/tasks`;
const key = env('TANDEM_API_KEY');
const leaseSeconds = Number(process.env.TANDEM_LEASE_SECONDS ?? 30);
const waitSeconds = 20;
const heartbeatTimeout = Math.max(3, leaseSeconds / 3);
const workerId = `node-${hostname()}-${process.pid}`.slice(0, 128);
/** How long a stopping worker tries to tell the service: supervisors kill after 10 s, as a rule. */
const millisToStop = 5_000;

const stopping = new AbortController();

interface Task {
  id: string;
  type: string;
  attempt: number;
  leaseToken: string;
  input: unknown;
}

interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the answers of several operations
  body: any;
  /** Seconds that the service wants to be left alone. */
  retryAfter: number;
}

/** The attempt failed; `retryable: false` when another one would fail the same way. */
class JobFailed extends Error {
  readonly code: string;
  readonly retryable: boolean;

  constructor(code: string, message: string, retryable = true) {
    super(message);
    this.code = code;
    this.retryable = retryable;
  }
}

function env(name: string): string {
  const value = process.env[name];
  if (!value) fatal(`${name} is not set`);
  return value;
}

function fatal(message: string): never {
  console.error(message);
  process.exit(1);
}

/** Numbers that JavaScript would round keep their digits: they go out as they came in. */
function parseExactly(text: string): unknown {
  const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;
  const revive = (_key: string, value: unknown, context?: { source: string }) =>
    typeof value === 'number' && context && String(value) !== context.source
      ? rawJson(context.source)
      : value;
  return JSON.parse(text, revive as (key: string, value: unknown) => unknown);
}

async function post(path: string, body: object, seconds = 10, signal?: AbortSignal): Promise<Answer> {
  const timeout = AbortSignal.timeout(seconds * 1_000);
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    body: isJson ? parseExactly(text) : { code: 'unknown', detail: text.slice(0, 200) },
    retryAfter: Number(response.headers.get('retry-after')) || 0,
  };
}

/**
 * Repeats the same call until it is answered; every call to the service is safe to repeat as it is.
 * Undefined when `signal` ends it, or when the process stops and there is no answer in time.
 */
async function postPatiently(path: string, body: object, seconds = 10, signal?: AbortSignal) {
  let giveUpAt = Number.POSITIVE_INFINITY;
  for (let tries = 1; ; tries += 1) {
    let retryAfter = 0;
    try {
      const answer = await post(path, body, seconds, signal);
      if (answer.status !== 429 && answer.status < 500) return { ...answer, repeated: tries > 1 };
      retryAfter = answer.retryAfter;
      console.error(path, answer.status, answer.body.detail);
    } catch (error) {
      if (signal?.aborted) return undefined;
      console.error(path, String((error as Error).cause ?? error));
    }
    if (stopping.signal.aborted) giveUpAt = Math.min(giveUpAt, performance.now() + millisToStop);
    if (performance.now() > giveUpAt) return undefined;
    const backoff = Math.min(30_000, 250 * 2 ** tries) * (0.5 + Math.random() / 2);
    const pause = stopping.signal.aborted ? 500 : Math.max(retryAfter * 1_000, backoff);
    await sleep(pause, undefined, stopping.signal.aborted ? {} : { signal: stopping.signal }).catch(() => {});
  }
}

/** Waits for a task; undefined when there was none or the process stops. */
async function claim(types: string[]): Promise<{ task: Task; repeated: boolean } | undefined> {
  const claimId = randomUUID();
  const body = { types, workerId, max: 1, leaseSeconds, waitSeconds, claimId };
  const answer = await postPatiently('/claim', body, waitSeconds + 10, stopping.signal);
  if (!answer) {
    // The service still waits, and would lease a task to nobody.
    await postPatiently('/claim/abandon', { claimId }, 5);
    return undefined;
  }
  if (answer.status !== 200) {
    fatal(`cannot claim: ${answer.status} ${answer.body.code}: ${answer.body.detail}`);
  }
  const [task] = answer.body.tasks;
  return task && { task, repeated: answer.repeated };
}

/** Holds a task and renews its lease until it is over. */
class Lease {
  /** Aborted when the work is to end; its reason is `stopping`, `cancelled` or `lost`. */
  readonly signal: AbortSignal;
  #stop = new AbortController();
  #ended = new AbortController();
  #progress: object | undefined;

  constructor(task: Task, renewFirst: boolean) {
    if (stopping.signal.aborted) this.#stop.abort('stopping');
    stopping.signal.addEventListener('abort', () => this.#stop.abort('stopping'), {
      signal: this.#ended.signal,
    });
    this.signal = this.#stop.signal;
    this.#renew(task, renewFirst);
  }

  /** Kept for the next heartbeat. */
  progress(percent: number, message: string): void {
    this.#progress = { percent, message };
  }

  end(): void {
    this.#ended.abort();
  }

  async #renew({ id, leaseToken }: Task, renewFirst: boolean): Promise<void> {
    let renewed = performance.now();
    // A third of the lease leaves time to repeat a heartbeat that failed, and that is done soon.
    const third = (leaseSeconds / 3) * 1_000;
    for (let pause = renewFirst ? 0 : third; ; ) {
      await sleep(pause, undefined, { signal: this.#ended.signal }).catch(() => {});
      if (this.#ended.signal.aborted) return;
      pause = third;
      const sent = performance.now();
      const body = { leaseToken, leaseSeconds, progress: this.#progress };
      const answer = await post(`/${id}/heartbeat`, body, heartbeatTimeout).catch(() => undefined);
      if (answer?.status === 200) {
        renewed = sent;
        if (answer.body.cancelRequested) return this.#stop.abort('cancelled');
      } else if (answer && answer.status !== 429 && answer.status < 500) {
        return this.#stop.abort('lost');
      } else if (performance.now() - renewed > leaseSeconds * 1_000) {
        return this.#stop.abort('lost');
      } else {
        pause = Math.min(1_000, third);
      }
    }
  }
}

type Handler = (input: unknown, lease: Lease) => Promise<unknown>;

async function work(task: Task, repeated: boolean, handler: Handler): Promise<void> {
  console.error('claimed', task.id, task.type, 'attempt', task.attempt);
  const lease = new Lease(task, repeated);
  let action = 'complete';
  let body: object = {};
  try {
    body = { result: await handler(task.input, lease) };
  } catch (error) {
    // What is not said by the work itself is a bug: worth another attempt, perhaps after a new release.
    const { code, message, retryable } =
      error instanceof JobFailed ? error : new JobFailed('unexpected', String(error).slice(0, 2_000));
    action = lease.signal.aborted ? 'release' : 'fail';
    body = lease.signal.aborted ? {} : { error: { code, message }, retryable };
  }
  lease.end();
  if (lease.signal.reason === 'lost') console.error('lost', task.id);
  else await settle(task, action, body);
}

async function settle(task: Task, action: string, body: object): Promise<void> {
  const answer = await postPatiently(`/${task.id}/${action}`, { leaseToken: task.leaseToken, ...body });
  if (answer?.status === 200) return console.error(action, task.id, answer.body.state);
  if (answer?.status === 401 || answer?.status === 403) {
    fatal(`the key is no longer accepted: ${answer.body.detail}`);
  }
  console.error('not accepted:', action, task.id, answer?.status, answer?.body.detail);
  if (action === 'complete' && (answer?.status === 413 || answer?.status === 422)) {
    // It is the result that is refused; the lease is still ours.
    const error = { code: 'result_refused', message: String(answer.body.detail) };
    await settle(task, 'fail', { error, retryable: false });
  }
}

/** The demo job, the same in all languages: see examples/workers/README.md. */
async function demoSum(given: unknown, lease: Lease): Promise<unknown> {
  const { numbers, sleepSeconds = 0, failWith, failPermanently, echo = null } = Object(given);
  if (!Array.isArray(numbers) || !numbers.every((number) => typeof number === 'number')) {
    throw new JobFailed('bad_input', 'input.numbers must be a list of numbers', false);
  }
  const steps = Math.floor(sleepSeconds * 10);
  for (let step = 0; step < steps; step += 1) {
    lease.progress(Math.floor((100 * step) / steps), `step ${step} of ${steps}`);
    // Whatever takes a signal ends with the lease.
    await sleep(100, undefined, { signal: lease.signal });
  }
  if (failWith) throw new JobFailed(failWith, 'as the input asked for', !failPermanently);
  return { sum: numbers.reduce((sum, number) => sum + number, 0), language: 'node', echo };
}

const handlers: Record<string, Handler> = { 'demo.sum': demoSum };

const types = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(handlers);
for (const type of types) if (!handlers[type]) fatal(`no handler for ${type}`);
for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => stopping.abort());
console.error(workerId, 'works on', ...types);
while (!stopping.signal.aborted) {
  const claimed = await claim(types);
  if (claimed) await work(claimed.task, claimed.repeated, handlers[claimed.task.type] as Handler);
}
process.exit(0);
