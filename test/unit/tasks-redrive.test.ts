import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Context, SQSEvent } from 'aws-lambda';
import type { BuiltinContext } from '../../functions/runner/builtin.ts';
import type { Actor } from '../../functions/shared/actor.ts';
import type { TaskItem } from '../../functions/tasks/task.ts';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';
import { type FilesAndQueues, startFilesAndQueues } from '../support/files-and-queues.ts';
import { claimOne, enqueue, holderOf, newActor, problemCode, registerType } from '../support/tasks.ts';

const { handler } = await import('../../functions/runner/handler.ts');
const { pacer } = await import('../../functions/runner/redrive/pacer.ts');
const { redriveDeadLetters } = await import('../../functions/runner/redrive/redrive-dead-letters.ts');
const { parseLossless } = await import('../../functions/shared/json.ts');
const { validate } = await import('../../functions/shared/validation.ts');
const { carryOut } = await import('../../functions/shared/write-plan.ts');
const { cancelTask } = await import('../../functions/tasks/lifecycle/cancel.ts');
const { createRedrive } = await import('../../functions/tasks/dead-letters/create-redrive.ts');
const { listDeadLetters } = await import('../../functions/tasks/dead-letters/list-dead-letters.ts');
const { redriveInput } = await import('../../functions/tasks/dead-letters/redrive-input.ts');
const { getTask } = await import('../../functions/tasks/find-tasks.ts');
const { retryTask } = await import('../../functions/tasks/lifecycle/retry.ts');
const { completeTask, failTask } = await import('../../functions/tasks/lease/settle.ts');

let dynamo: TestDynamo;
let services: FilesAndQueues;

beforeAll(async () => {
  dynamo = await startDynamo();
  services = await startFilesAndQueues();
});

afterAll(async () => {
  await services?.stop();
  await dynamo?.stop();
});

const quick = { ratePerSecond: 1_000 };

/** Tasks that have failed for good, the earliest death first. */
async function dead(actor: Actor, count: number, body: Record<string, unknown> = {}, code = 'down') {
  const tasks: TaskItem[] = [];
  for (let at = 0; at < count; at += 1) {
    await enqueue(actor, body);
    tasks.push(await die(actor, code, String(body.type ?? 'email.send')));
  }
  return tasks;
}

async function die(actor: Actor, code = 'down', type = 'email.send'): Promise<TaskItem> {
  const claimed = await claimOne(actor, { types: [type] });
  const error = { code, message: 'no answer' };
  return (await failTask(holderOf(claimed), { error, retryable: false }, actor)).task;
}

async function newTenant(input: Record<string, unknown> = {}): Promise<Actor> {
  const actor = newActor();
  await registerType(actor, 'email.send', input);
  return actor;
}

const order = (actor: Actor, body: object) =>
  createRedrive(validate(redriveInput, parseLossless(JSON.stringify(body))), actor, carryOut);

/** Gives the queue's messages to the runner, as Lambda would. */
async function run(remainingMillis = 60_000): Promise<void> {
  const began = Date.now();
  const context = {
    awsRequestId: 'invocation-1',
    getRemainingTimeInMillis: () => remainingMillis - (Date.now() - began),
  } as Context;
  const answer = await handler({ Records: await services.receive() } as unknown as SQSEvent, context);
  expect(answer.batchItemFailures).toEqual([]);
}

async function redrive(actor: Actor, body: object) {
  const { task } = await order(actor, { ...quick, ...body });
  await run();
  const done = await getTask(task.id, actor);
  return { task: done, result: JSON.parse(done.result ?? 'null') };
}

const states = async (tasks: TaskItem[], actor: Actor) =>
  Promise.all(tasks.map(async ({ id }) => (await getTask(id, actor)).state));
const left = async (actor: Actor) => (await listDeadLetters({}, actor)).data.map(({ id }) => id);

describe('a redrive', () => {
  test('of all gives each task a new set of attempts, and keeps what it was', async () => {
    const actor = await newTenant();
    const tasks = await dead(actor, 3, { input: { n: 1 } });
    const { task, result } = await redrive(actor, { filter: {} });
    const expected = { matched: 3, redriven: 3, skipped: 0, failed: 0, failures: [], dryRun: false };
    expect(result).toEqual(expected);
    expect(task).toMatchObject({ state: 'completed', progress: { percent: 100 }, createdBy: 'user-1' });
    for (const { id } of tasks) {
      const now = await getTask(id, actor);
      expect(now).toMatchObject({ state: 'ready', attempt: 0, input: '{"n":1}', updatedBy: 'user-1' });
      expect(now).not.toHaveProperty('endedAt');
      expect(now).not.toHaveProperty('ttl');
    }
    expect(await left(actor)).toEqual([]);
    await completeTask(holderOf(await claimOne(actor)), 'done', actor);
  });

  test('picks by type, error code and time of death', async () => {
    const actor = await newTenant();
    await registerType(actor, 'sms.send');
    const mails = await dead(actor, 2, {}, 'down');
    const texts = await dead(actor, 2, { type: 'sms.send' }, 'down');
    const others = await dead(actor, 2, {}, 'quota');
    const filter = { type: 'email.send', errorCode: 'down', from: mails[1]?.endedAt };
    expect((await redrive(actor, { filter })).result).toMatchObject({ matched: 1, redriven: 1 });
    expect(await states(mails, actor)).toEqual(['dead', 'ready']);
    const until = { errorCode: 'down', to: texts[1]?.endedAt };
    expect((await redrive(actor, { filter: until })).result).toMatchObject({ matched: 2, redriven: 2 });
    expect(await states([...mails, ...texts], actor)).toEqual(['ready', 'ready', 'ready', 'dead']);
    expect(await states(others, actor)).toEqual(['dead', 'dead']);
  });

  test('of ids takes each once, and says nothing of those that are not the callers', async () => {
    const actor = await newTenant();
    const foreign = await newTenant();
    const [theirs] = await dead(foreign, 1);
    const [mine] = await dead(actor, 1);
    const living = await enqueue(actor);
    const ids = [mine?.id, mine?.id, theirs?.id, living.id, `task_${'0'.repeat(26)}`, 'nonsense#1'];
    const { result } = await redrive(actor, { ids });
    expect(result).toMatchObject({ matched: 5, redriven: 1, skipped: 1, failed: 3 });
    expect(result.failures.map(({ id, code }: { id: string; code: string }) => [id, code])).toEqual([
      [theirs?.id, 'not_found'],
      [`task_${'0'.repeat(26)}`, 'not_found'],
      ['nonsense#1', 'not_found'],
    ]);
    expect(result.failures[0].message).toBe(result.failures[1].message.replace(/task_0+/, theirs?.id));
    expect(await states([theirs as TaskItem], foreign)).toEqual(['dead']);
  });

  test('with another input checks it against the type of each task, letter by letter', async () => {
    const inputSchema = { type: 'object', required: ['to'] };
    const actor = await newTenant({ inputSchema });
    await registerType(actor, 'free');
    const [strict] = await dead(actor, 1, { input: { to: 'x' } });
    const [free] = await dead(actor, 1, { type: 'free', input: 1 });
    const { task } = await createRedrive(
      validate(redriveInput, parseLossless('{"filter":{},"input":{"n":123456789012345678901}}')),
      actor,
      carryOut,
    );
    await run();
    const result = JSON.parse((await getTask(task.id, actor)).result ?? 'null');
    expect(result).toMatchObject({ redriven: 1, failed: 1, failures: [{ id: strict?.id }] });
    expect(result.failures[0].code).toBe('validation_failed');
    expect((await getTask(free?.id ?? '', actor)).input).toBe('{"n":123456789012345678901}');
    expect((await getTask(strict?.id ?? '', actor)).state).toBe('dead');
    expect((await redrive(actor, { filter: {}, input: { to: null } })).result).toMatchObject({ redriven: 1 });
    expect((await getTask(strict?.id ?? '', actor)).input).toBe('{"to":null}');
  });

  test('that is a dry run finds the same and changes nothing', async () => {
    const actor = await newTenant();
    const [held, plain] = [
      ...(await dead(actor, 1, { dedupeKey: 'one' })),
      ...(await dead(actor, 1, { dedupeKey: 'two' })),
    ];
    const holder = await enqueue(actor, { dedupeKey: 'one' });
    const conflict = { id: held?.id, code: 'duplicate' };
    const dry = await redrive(actor, { filter: {}, dryRun: true });
    expect(dry.result).toMatchObject({
      matched: 2,
      redriven: 1,
      failed: 1,
      failures: [conflict],
      dryRun: true,
    });
    expect(await states([held, plain] as TaskItem[], actor)).toEqual(['dead', 'dead']);
    const real = await redrive(actor, { filter: {} });
    expect(real.result).toMatchObject({
      matched: 2,
      redriven: 1,
      failed: 1,
      failures: [conflict],
      dryRun: false,
    });
    expect(await states([held, plain, holder] as TaskItem[], actor)).toEqual(['dead', 'ready', 'ready']);
  });

  test('tells a hundred failures one by one and counts the others', async () => {
    const actor = await newTenant();
    const ids = Array.from({ length: 130 }, (_, at) => `task_${at}`);
    const { result } = await redrive(actor, { ids });
    expect(result).toMatchObject({ matched: 130, failed: 130 });
    expect(result.failures).toHaveLength(100);
  });

  test('by a key of some types touches no others', async () => {
    const actor = await newTenant();
    await registerType(actor, 'sms.send');
    const [mail] = await dead(actor, 1);
    const [text] = await dead(actor, 1, { type: 'sms.send' });
    const caller = { ...actor.caller, subject: 'key_1', taskTypes: ['email.send'] };
    const scoped: Actor = { ...actor, caller };
    expect(await problemCode(order(scoped, { filter: {} }))).toBe('forbidden');
    expect(await problemCode(order(scoped, { filter: { type: 'sms.send' } }))).toBe('forbidden');
    const { task } = await order(scoped, { ...quick, ids: [mail?.id, text?.id] });
    await run();
    // Whoever has asked for a redrive may see how it goes.
    expect(JSON.parse((await getTask(task.id, scoped)).result ?? '')).toMatchObject({
      redriven: 1,
      failed: 1,
      failures: [{ id: text?.id, code: 'forbidden' }],
    });
    expect(await states([mail, text] as TaskItem[], actor)).toEqual(['ready', 'dead']);
  });
});

/** The work of a redrive in this process: what the runner gives it, with a crash where the test wants one. */
function contextOf(
  task: TaskItem,
  options: { checkpoint?: string; report?: (checkpoint: string) => boolean; remaining?: () => number } = {},
): BuiltinContext {
  const { checkpoint, report = () => false, remaining = () => 60_000 } = options;
  return {
    task: { ...task, ...(checkpoint !== undefined && { checkpoint }) },
    requestId: 'invocation-1',
    remainingMillis: remaining,
    report: async (_progress, kept) => report(kept),
  };
}

describe('a redrive that', () => {
  test('dies after its work and before it has told of it counts each task once and retries none twice', async () => {
    const actor = await newTenant();
    const tasks = await dead(actor, 5);
    const { task } = await order(actor, { filter: {}, ratePerSecond: 5 });
    let kept = '';
    let reports = 0;
    const crash = redriveDeadLetters(
      contextOf(task, {
        report: (checkpoint) => {
          kept = checkpoint;
          reports += 1;
          return false;
        },
      }),
    );
    await crash;
    expect(reports).toBe(1);
    expect(JSON.parse(kept).batch).toHaveLength(5);
    // One of them has been worked on and has died again meanwhile, one is being worked on.
    await die(actor);
    const running = await claimOne(actor);
    const before = await Promise.all(tasks.map(({ id }) => getTask(id, actor)));
    const again = await redriveDeadLetters(contextOf(task, { checkpoint: kept }));
    expect(again).toMatchObject({ result: { matched: 5, redriven: 5, skipped: 0, failed: 0 } });
    expect(await Promise.all(tasks.map(({ id }) => getTask(id, actor)))).toEqual(before);
    expect((await completeTask(holderOf(running), 'done', actor)).task.state).toBe('completed');
  });

  test('has no time left goes on from where it was, slice by slice', async () => {
    const actor = await newTenant();
    await dead(actor, 9);
    const { task } = await order(actor, { filter: {}, ratePerSecond: 4 });
    let checkpoint: string | undefined;
    let slices = 0;
    for (;;) {
      let left = 3;
      const remaining = () => {
        left -= 1;
        return left;
      };
      slices += 1;
      const outcome = await redriveDeadLetters(
        contextOf(task, { remaining, ...(checkpoint !== undefined && { checkpoint }) }),
      );
      if ('result' in outcome) {
        expect(outcome.result).toMatchObject({ matched: 9, redriven: 9, skipped: 0, failed: 0 });
        break;
      }
      checkpoint = outcome.checkpoint;
    }
    expect(slices).toBeGreaterThan(3);
  });

  test('runs in slices of the runner ends with the same result', async () => {
    const actor = await newTenant();
    await dead(actor, 6);
    const { task } = await order(actor, { filter: {}, ratePerSecond: 2 });
    // Six take two and a half seconds, and a slice ends after one and a half.
    for (let slice = 0; slice < 20; slice += 1) {
      await run(9_500);
      if ((await getTask(task.id, actor)).state === 'completed') break;
    }
    const done = await getTask(task.id, actor);
    expect(done).toMatchObject({ state: 'completed', attempt: 1 });
    expect(done.lease).toBeGreaterThan(1);
    expect(JSON.parse(done.result ?? '')).toMatchObject({ matched: 6, redriven: 6 });
  });

  test('began before a death leaves it alone, so nothing goes round in it', async () => {
    const actor = await newTenant();
    const [first] = await dead(actor, 1);
    const { task } = await order(actor, { filter: {}, ratePerSecond: 1 });
    const deaths: string[] = [];
    const outcome = await redriveDeadLetters(
      contextOf(task, {
        report: () => {
          deaths.push('looked');
          return false;
        },
      }),
    );
    expect(outcome).toMatchObject({ result: { redriven: 1 } });
    await die(actor);
    expect(await redriveDeadLetters(contextOf(task))).toMatchObject({ result: { matched: 0 } });
    const byId = await order(actor, { ids: [first?.id] });
    await retryTask(first?.id ?? '', undefined, actor, carryOut);
    await die(actor);
    expect(await redriveDeadLetters(contextOf(byId.task))).toMatchObject({
      result: { matched: 1, redriven: 0, skipped: 1 },
    });
  });

  test('is to be cancelled stops and is cancelled', async () => {
    const actor = await newTenant();
    const tasks = await dead(actor, 2);
    const { task } = await order(actor, { filter: {}, ratePerSecond: 1 });
    const outcome = await redriveDeadLetters(contextOf(task, { report: () => true }));
    expect(outcome).toHaveProperty('checkpoint');
    expect(await states(tasks, actor)).toEqual(['dead', 'dead']);
    await cancelTask(task.id, undefined, actor, carryOut);
    await run();
    expect((await getTask(task.id, actor)).state).toBe('cancelled');
    expect(await states(tasks, actor)).toEqual(['dead', 'dead']);
  });
});

describe('the rate of a redrive', () => {
  test('lets one pass after the other, and no burst after a pause', async () => {
    let clock = 1_000;
    const waits: number[] = [];
    const turn = pacer(
      4,
      () => clock,
      async (millis) => {
        waits.push(millis);
      },
    );
    await Promise.all([turn(), turn(), turn()]);
    expect(waits).toEqual([250, 500]);
    clock = 60_000;
    await Promise.all([turn(), turn()]);
    expect(waits).toEqual([250, 500, 250]);
  });

  test('holds for the tasks of a run', async () => {
    const actor = await newTenant();
    await dead(actor, 11);
    const { task } = await order(actor, { filter: {}, ratePerSecond: 10 });
    const began = performance.now();
    await redriveDeadLetters(contextOf(task));
    expect(performance.now() - began).toBeGreaterThanOrEqual(990);
  });
});

describe('a redrive is refused', () => {
  const ids = (count: number) => Array.from({ length: count }, (_, at) => `task_${at}`);
  test.each<[string, unknown]>([
    ['neither ids nor filter', {}],
    ['both', { ids: ['task_1'], filter: {} }],
    ['no ids', { ids: [] }],
    ['too many ids', { ids: ids(1_001) }],
    ['ids that are no text', { ids: [1] }],
    ['one id', { ids: 'task_1' }],
    ['an endless id', { ids: ['x'.repeat(65)] }],
    ['a filter that is none', { filter: [] }],
    ['a filter of nothing', { filter: null }],
    ['an unknown filter', { filter: { state: 'dead' } }],
    ['an unknown type', { filter: { type: 'unheard-of' } }],
    ['a type that cannot be', { filter: { type: 'UPPER' } }],
    ['an error code without end', { filter: { errorCode: 'x'.repeat(101) } }],
    ['a date without time', { filter: { from: '2026-01-01' } }],
    ['no date', { filter: { to: 0 } }],
    [
      'an end before the start',
      { filter: { from: '2026-01-02T00:00:00Z', to: '2026-01-02T00:00:00+09:00' } },
    ],
    ['no rate', { filter: {}, ratePerSecond: 0 }],
    ['a negative rate', { filter: {}, ratePerSecond: -5 }],
    ['half a rate', { filter: {}, ratePerSecond: 1.5 }],
    ['an enormous rate', { filter: {}, ratePerSecond: 1e300 }],
    ['a rate in words', { filter: {}, ratePerSecond: '50' }],
    ['a dry run in words', { filter: {}, dryRun: 'yes' }],
    ['an unknown member', { filter: {}, before: '2026-01-01T00:00:00Z' }],
    ['the scope of somebody else', { filter: {}, taskTypes: ['x'] }],
  ])('with %s', async (_name, body) => {
    const asked = (async () => createRedrive(validate(redriveInput, body), newActor(), carryOut))();
    expect(await problemCode(asked)).toBe('validation_failed');
  });

  test('with an input that no task could have', async () => {
    const body = validate(redriveInput, { filter: {}, input: 'x'.repeat(256 * 1024) });
    expect(await problemCode(createRedrive(body, newActor(), carryOut))).toBe('payload_too_large');
  });
});
