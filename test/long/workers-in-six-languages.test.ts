import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Api, callerOf, eventually, sharedStack } from '../system/support/api.ts';
import { type FaultyWire, faultyWire } from '../system/support/faulty-wire.ts';
import {
  endWorkers,
  type LanguageWorker,
  languageWorkers,
  startWorker,
} from '../system/support/language-workers.ts';

/**
 * The example workers, each run for real by the same story. All languages go through it at once, since they wait most
 * of the time; the tests afterwards look at what was seen.
 */

/** Long enough that a busy machine does not lose it between two heartbeats, shorter than the long job. */
const leaseSeconds = 6;
const longJobSeconds = 9;
const exact = '{"a":{},"b":[],"f":false,"e":"","z":0,"n":9007199254740993,"u":"é\\u0000😀"}';
const everyDigit = '123456789012345678901';

interface Task {
  id: string;
  state: string;
  attempt: number;
  // biome-ignore lint/suspicious/noExplicitAny: results of every shape
  result: any;
  progress: { percent: number; message: string } | null;
  error: { code: string } | null;
}

/** One worker language with a tenant of its own and a wire that loses things. */
class Story {
  readonly worker: LanguageWorker;
  readonly api: Api;
  readonly wire: FaultyWire;
  readonly #key: string;

  constructor(worker: LanguageWorker, api: Api, wire: FaultyWire, key: string) {
    this.worker = worker;
    this.api = api;
    this.wire = wire;
    this.#key = key;
  }

  start() {
    return startWorker(this.worker, {
      TANDEM_URL: this.wire.url,
      TANDEM_API_KEY: this.#key,
      TANDEM_LEASE_SECONDS: String(leaseSeconds),
    });
  }

  async enqueue(input: string, more: Record<string, unknown> = {}): Promise<string> {
    const settings = JSON.stringify(more).slice(1, -1);
    const body = `{"type":"demo.sum","input":${input}${settings && `,${settings}`}}`;
    const answer = await this.api.post('/api/v1/tasks', body);
    if (answer.status !== 201) throw new Error(answer.summary);
    return answer.body.id;
  }

  async text(id: string): Promise<string> {
    return (await this.api.get(`/api/v1/tasks/${id}`)).text;
  }

  /** The task once it is as wanted; throws with what the worker said when it never is. */
  async taskOnce(id: string, passes: (task: Task) => boolean, worker: { output(): string }): Promise<Task> {
    const read = async () => JSON.parse(await this.text(id)) as Task;
    const task = await eventually(read, passes, 60_000);
    if (passes(task)) return task;
    const calls = this.wire.calls.map(({ operation, status }) => `${operation} ${status}`).join(', ');
    throw new Error(`${JSON.stringify(task)}\ncalls: ${calls}\nthe worker said:\n${worker.output()}`);
  }
}

const isOver = ({ state }: Task) => ['completed', 'dead', 'cancelled'].includes(state);
const isUnderWay = ({ state, progress }: Task) => state === 'claimed' && progress !== null;

/** The first task comes through in spite of a lost claim, an unavailable service and a lost completion. */
async function completes(story: Story) {
  const { wire } = story;
  const lost = { claim: '', complete: false, heartbeat: false };
  wire.fault = (call, answer) => {
    if (call.operation === 'claim' && answer?.includes('leaseToken') && lost.claim === '') {
      lost.claim = String(call.body.claimId);
      return 'lose-answer';
    }
    if (call.operation === 'heartbeat' && !lost.heartbeat) {
      lost.heartbeat = true;
      return 'unavailable';
    }
    if (call.operation === 'complete' && answer !== undefined && !lost.complete) {
      lost.complete = true;
      return 'lose-answer';
    }
    return 'none';
  };
  const worker = story.start();
  const echo = story.worker.everyDigit ? `{"exact":${exact},"digits":${everyDigit}}` : `{"exact":${exact}}`;
  const id = await story.enqueue(`{"numbers":[1,2.5,3],"sleepSeconds":${longJobSeconds},"echo":${echo}}`);
  const working = await story.taskOnce(id, isUnderWay, worker);
  const task = await story.taskOnce(id, isOver, worker);
  const history = await eventually(
    async () => (await story.api.get(`/api/v1/tasks/${id}/history`)).body.data,
    (attempts) => attempts.at(-1)?.outcome === 'completed',
  );
  const text = await story.text(id);
  return { worker, working, task, text, echo, history, lostClaim: lost.claim };
}

async function fails(story: Story, worker: { output(): string }) {
  const boom = await story.enqueue('{"numbers":[1],"failWith":"boom"}', { maxAttempts: 2 });
  const hopeless = await story.enqueue('{"numbers":[1],"failWith":"hopeless","failPermanently":true}');
  const refused = await story.enqueue('{"numbers":"none"}');
  const tasks = [];
  for (const id of [boom, hopeless, refused]) tasks.push(await story.taskOnce(id, isOver, worker));
  return tasks;
}

async function cancels(story: Story, worker: { output(): string }) {
  const id = await story.enqueue('{"numbers":[],"sleepSeconds":600}');
  await story.taskOnce(id, isUnderWay, worker);
  await story.api.post(`/api/v1/tasks/${id}/cancel`, {});
  return story.taskOnce(id, isOver, worker);
}

/** SIGTERM in the middle of a job, SIGKILL in the middle of the next attempt, and a third worker that finishes. */
async function isEnded(story: Story, first: Awaited<ReturnType<typeof completes>>['worker']) {
  const id = await story.enqueue('{"numbers":[4],"sleepSeconds":3}');
  await story.taskOnce(id, isUnderWay, first);
  const exitCode = await first.end('SIGTERM');
  const released = JSON.parse(await story.text(id)) as Task;
  const second = story.start();
  await story.taskOnce(id, isUnderWay, second);
  await second.end('SIGKILL');
  const third = story.start();
  const finished = await story.taskOnce(id, isOver, third);
  return { exitCode, output: first.output(), released, third, finished };
}

/** SIGTERM in the middle of a long poll; a task that comes afterwards is there for others. */
async function isEndedWhileItWaits(story: Story, worker: { end(signal: 'SIGTERM'): Promise<number | null> }) {
  const { calls } = story.wire;
  const waiting = () => calls.findLast(({ operation, status }) => operation === 'claim' && status === 0);
  const claim = await eventually(async () => waiting(), Boolean);
  const began = Date.now();
  const exitCode = await worker.end('SIGTERM');
  const millis = Date.now() - began;
  const abandoned = calls.find(({ operation }) => operation === 'abandon');
  const id = await story.enqueue('{"numbers":[5]}');
  const body = { types: ['demo.sum'], workerId: 'other', waitSeconds: 10 };
  const [taken] = (await story.api.post('/api/v1/tasks/claim', body)).body.tasks;
  return { exitCode, millis, claim, abandoned, id, taken };
}

async function tell(worker: LanguageWorker) {
  const api = await callerOf();
  const retry = { maxAttempts: 5, initialSeconds: 0, jitter: false };
  await api.put('/api/v1/task-types/demo.sum', { executor: 'worker', retry });
  const scope = { name: worker.language, role: 'worker', taskTypes: ['demo.sum'] };
  const { key } = (await api.post('/api/v1/api-keys', scope)).body;
  const wire = await faultyWire(sharedStack().url);
  try {
    const story = new Story(worker, api, wire, key);
    const completed = await completes(story);
    const failed = await fails(story, completed.worker);
    const cancelled = await cancels(story, completed.worker);
    const ended = await isEnded(story, completed.worker);
    const waited = await isEndedWhileItWaits(story, ended.third);
    return { completed, failed, cancelled, ended, waited, calls: wire.calls };
  } finally {
    await wire.close();
  }
}

const workers = languageWorkers();
const stories = new Map<string, ReturnType<typeof tell>>();

beforeAll(async () => {
  const present = workers.filter(({ missing }) => missing === undefined);
  const builds = new Map(present.map((worker) => [worker, worker.build?.() ?? Promise.resolve()]));
  // Compilers first, so that nobody loses a lease to them.
  await Promise.allSettled(builds.values());
  for (const [worker, build] of builds) {
    const story = build.then(() => tell(worker));
    story.catch(() => {}); // said by the tests that wait for it
    stories.set(worker.language, story);
  }
}, 300_000);

afterAll(endWorkers);

for (const { language, missing, everyDigit: keepsDigits } of workers) {
  const story = () => stories.get(language) as ReturnType<typeof tell>;

  (missing ? describe.skip : describe)(`a worker in ${language}${missing ? ` (${missing})` : ''}`, () => {
    test('keeps its lease over a job that takes longer, and tells its progress', async () => {
      const { task, working, history } = (await story()).completed;
      expect(task).toMatchObject({ state: 'completed', attempt: 1 });
      expect(task.result).toMatchObject({ sum: 6.5, language });
      expect(working.progress).toMatchObject({
        percent: expect.any(Number),
        message: expect.stringMatching(/^step \d+ of 90$/),
      });
      expect(history).toMatchObject([
        { outcome: 'completed', workerId: expect.stringMatching(`^${language}-`) },
      ]);
    }, 180_000);

    test(`gives back JSON as it came${keepsDigits ? '' : ', in 64 bits'}`, async () => {
      const { text, task, echo } = (await story()).completed;
      expect(task.result.echo).toEqual(JSON.parse(echo));
      expect(text).toContain('9007199254740993');
      if (keepsDigits) expect(text.split('"result":')[1]).toMatch(new RegExp(`"digits": ?${everyDigit}`));
    }, 180_000);

    test('repeats a claim whose answer was lost under its claimId, and works on what it got', async () => {
      const { calls, completed } = await story();
      const { lostClaim } = completed;
      const claims = calls.filter(({ operation }) => operation === 'claim');
      const repeated = claims.filter(({ body }) => body.claimId === lostClaim);
      expect(repeated.length).toBeGreaterThanOrEqual(2);
      for (const { body } of repeated) expect(body).toEqual(repeated[0]?.body);
      const others = claims.map(({ body }) => body.claimId).filter((claimId) => claimId !== lostClaim);
      expect(new Set(others).size).toBe(others.length);
    }, 180_000);

    test('renews the lease of a repeated claim at once, and completes again when the answer was lost', async () => {
      const { calls, completed } = await story();
      const aboutIt = calls.filter(({ path }) => path.includes(completed.task.id));
      expect(aboutIt[0]).toMatchObject({ operation: 'heartbeat', status: 503, body: { leaseSeconds } });
      expect(aboutIt.filter(({ operation }) => operation === 'heartbeat').length).toBeGreaterThan(3);
      const completions = aboutIt.filter(({ operation }) => operation === 'complete');
      expect(completions.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(2);
      for (const { body } of completions) expect(body).toEqual(completions[0]?.body);
    }, 180_000);

    test('fails for another attempt, or for good', async () => {
      expect((await story()).failed).toMatchObject([
        { state: 'dead', attempt: 2, error: { code: 'boom' } },
        { state: 'dead', attempt: 1, error: { code: 'hopeless' } },
        { state: 'dead', attempt: 1, error: { code: 'bad_input' } },
      ]);
    }, 180_000);

    test('ends a job that is cancelled', async () => {
      expect((await story()).cancelled).toMatchObject({ state: 'cancelled', attempt: 0 });
    }, 180_000);

    test('releases its task at SIGTERM, no attempt spent, and exits with 0', async () => {
      const { exitCode, output, released } = (await story()).ended;
      expect({ exitCode, output }).toMatchObject({ exitCode: 0 });
      expect(released).toMatchObject({ state: 'ready', attempt: 0 });
    }, 180_000);

    test('that is killed loses its lease, and another one finishes', async () => {
      const { finished } = (await story()).ended;
      expect(finished).toMatchObject({ state: 'completed', attempt: 2, result: { sum: 4, language } });
    }, 180_000);

    test('leaves a long poll at SIGTERM and abandons its claim', async () => {
      const { exitCode, millis, claim, abandoned, id, taken } = (await story()).waited;
      expect(exitCode).toBe(0);
      expect(millis).toBeLessThan(10_000);
      expect(abandoned).toMatchObject({ status: 200, body: { claimId: claim?.body.claimId } });
      expect(taken).toMatchObject({ id, attempt: 1 });
    }, 180_000);
  });
}
