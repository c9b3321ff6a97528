import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Change, toChange } from '../../functions/changes/change.ts';
import { tellDependents } from '../../functions/changes/tell-dependents.ts';
import type { Actor } from '../../functions/shared/actor.ts';
import { type Attributes, fromAttributes } from '../../functions/shared/dynamo/item.ts';
import { deleteItem } from '../../functions/shared/dynamo/table.ts';
import { carryOut } from '../../functions/shared/write-plan.ts';
import { readEdges } from '../../functions/tasks/dependencies/edges.ts';
import {
  type DependencyFailure,
  dependencyFailures,
  judgeParent,
  standAmong,
} from '../../functions/tasks/dependencies/rules.ts';
import { tellChild } from '../../functions/tasks/dependencies/tell-child.ts';
import { getTask } from '../../functions/tasks/find-tasks.ts';
import { completeTask, failTask } from '../../functions/tasks/lease/settle.ts';
import { cancelTask } from '../../functions/tasks/lifecycle/cancel.ts';
import { retryTask } from '../../functions/tasks/lifecycle/retry.ts';
import { taskStates } from '../../functions/tasks/lifecycle/state-machine.ts';
import { type TaskItem, taskKey } from '../../functions/tasks/task.ts';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';
import { readStream } from '../support/stream.ts';
import { claim, enqueue, holderOf, newActor, problemCode, registerType, tamper } from '../support/tasks.ts';

let dynamo: TestDynamo;
let seen: string | undefined;

beforeAll(async () => {
  dynamo = await startDynamo();
});

afterAll(() => dynamo?.stop());

/** The changes of tasks since the last call. */
async function newChanges(): Promise<Change[]> {
  const records = await readStream(dynamo.endpoint, 'tasks', seen);
  seen = records.at(-1)?.dynamodb?.SequenceNumber ?? seen;
  return records.flatMap(({ dynamodb }) => {
    const [before, after] = [dynamodb?.OldImage, dynamodb?.NewImage].map(
      (image) => image && fromAttributes(image as Attributes),
    );
    return toChange(before, after) ?? [];
  });
}

/** Follows the stream until nothing comes any more; each batch `times` over. */
async function follow(times = 1, untilMillis?: number): Promise<number> {
  let batches = 0;
  for (let changes = await newChanges(); changes.length > 0; changes = await newChanges()) {
    for (let time = 0; time < times; time += 1) {
      expect(await tellDependents(changes, untilMillis)).toEqual({ done: changes.length });
    }
    batches += 1;
  }
  return batches;
}

const stateOf = async ({ id }: { id: string }, actor: Actor) => (await getTask(id, actor)).state;

/** Somebody with a type of tasks that die of their first failure. */
async function somebody(): Promise<Actor> {
  const actor = newActor();
  await registerType(actor, 'email.send', { retry: { maxAttempts: 1 } });
  await follow();
  return actor;
}

/** Claims the one task that is ready, which must be this one. */
async function leaseOf({ id }: TaskItem, actor: Actor): Promise<TaskItem> {
  const [lease] = await claim(actor);
  expect(lease?.id).toBe(id);
  return lease as TaskItem;
}

const complete = async (task: TaskItem, actor: Actor) =>
  completeTask(holderOf(await leaseOf(task, actor)), 1, actor);
const kill = async (task: TaskItem, actor: Actor) =>
  failTask(
    holderOf(await leaseOf(task, actor)),
    { error: { code: 'e', message: 'm' }, retryable: false },
    actor,
  );
const cancel = (task: TaskItem, actor: Actor) => cancelTask(task.id, undefined, actor, carryOut);
const retry = (task: TaskItem, actor: Actor) => retryTask(task.id, undefined, actor, carryOut);

describe('what a parent means', () => {
  test.each(dependencyFailures)('with the policy %s every state has a meaning', (policy) => {
    const verdicts = Object.fromEntries(
      [...taskStates, undefined].map((state) => [String(state), judgeParent({ id: 'p', state }, policy)]),
    );
    const failed = { cancel: 'cancel', run: 'go', block: 'wait' }[policy];
    expect(verdicts).toEqual({
      ...{ scheduled: 'wait', blocked: 'wait', ready: 'wait', claimed: 'wait', completed: 'go' },
      ...{ dead: failed, cancelled: failed, expired: failed },
      undefined: policy === 'run' ? 'go' : 'cancel',
    });
  });

  test('one failed parent is enough to cancel, whoever else is still at work', () => {
    const parents = [
      { id: 'a', state: 'ready' },
      { id: 'b', state: 'dead' },
    ] as const;
    expect(standAmong(parents, 'cancel')).toEqual({ awaits: [], failed: parents[1] });
    expect(standAmong(parents, 'run')).toEqual({ awaits: ['a'] });
    expect(standAmong(parents, 'block')).toEqual({ awaits: ['a', 'b'] });
  });
});

describe('a task that depends on others', () => {
  test('is blocked, cannot be claimed, and is ready once the last of them is done', async () => {
    const actor = await somebody();
    const [a, b] = [await enqueue(actor), await enqueue(actor)];
    const child = await enqueue(actor, { dependsOn: [a.id, b.id] });
    expect(child).toMatchObject({ state: 'blocked', dependsOn: [a.id, b.id] });
    await complete(a, actor);
    await follow();
    expect(await stateOf(child, actor)).toBe('blocked');
    await complete(b, actor);
    expect(await claim(actor)).toEqual([]);
    await follow();
    expect(await stateOf(child, actor)).toBe('ready');
    await complete(child, actor);
  });

  test('leaves no edges behind, and an end that is told again changes nothing', async () => {
    const actor = await somebody();
    const [a, b] = [await enqueue(actor), await enqueue(actor)];
    const child = await enqueue(actor, { dependsOn: [a.id, b.id] });
    await complete(a, actor);
    await complete(b, actor);
    const changes = await newChanges();
    // In any order, several times over and at once.
    await Promise.all([tellDependents(changes.toReversed()), tellDependents(changes)]);
    await tellDependents(changes);
    const version = (await getTask(child.id, actor)).version;
    await tellDependents(changes);
    expect(await getTask(child.id, actor)).toMatchObject({ state: 'ready', version });
    for (const { id } of [a, b]) {
      expect((await readEdges(actor.caller.tenantId, id, undefined)).edges).toEqual([]);
    }
    await complete(child, actor);
    await tellDependents(changes);
    expect(await stateOf(child, actor)).toBe('completed');
  });

  test('waits for its own start after its parents', async () => {
    const actor = await somebody();
    const parent = await enqueue(actor);
    const child = await enqueue(actor, { dependsOn: [parent.id], runAt: '2040-01-01T00:00:00Z' });
    expect(child.state).toBe('blocked');
    await complete(parent, actor);
    await follow();
    expect(await getTask(child.id, actor)).toMatchObject({
      state: 'scheduled',
      runAt: '2040-01-01T00:00:00.000Z',
    });
  });

  test('does not move the version of its parents', async () => {
    const actor = await somebody();
    const parent = await enqueue(actor);
    await enqueue(actor, { dependsOn: [parent.id] });
    const marked = await getTask(parent.id, actor);
    expect(marked).toEqual({ ...parent, dependents: true, title: undefined } as unknown as TaskItem);
  });

  test.each<[DependencyFailure, string]>([
    ['cancel', 'cancelled'],
    ['run', 'ready'],
    ['block', 'blocked'],
  ])('and declared %s is %s when one fails, before or after it was made', async (policy, state) => {
    const actor = await somebody();
    const [dying, ended] = [await enqueue(actor), await enqueue(actor)];
    await cancel(ended, actor);
    const made = await enqueue(actor, { dependsOn: [dying.id], onDependencyFailure: policy });
    await kill(dying, actor);
    await follow();
    const late = await enqueue(actor, { dependsOn: [ended.id], onDependencyFailure: policy });
    await follow();
    expect([await stateOf(made, actor), await stateOf(late, actor)]).toEqual([state, state]);
    if (policy === 'cancel') {
      expect(await getTask(made.id, actor)).toMatchObject({
        error: { code: 'dependency_failed', details: JSON.stringify({ taskId: dying.id, state: 'dead' }) },
        reason: expect.stringContaining(dying.id),
        ttl: expect.any(Number),
      });
    }
  });

  test('and declared block goes on when the parent is retried and completes', async () => {
    const actor = await somebody();
    const parent = await enqueue(actor);
    const child = await enqueue(actor, { dependsOn: [parent.id], onDependencyFailure: 'block' });
    await kill(parent, actor);
    await follow();
    const late = await enqueue(actor, { dependsOn: [parent.id], onDependencyFailure: 'block' });
    await retry(parent, actor);
    await follow();
    await complete(parent, actor);
    await follow();
    expect([await stateOf(child, actor), await stateOf(late, actor)]).toEqual(['ready', 'ready']);
  });

  test('is told of the parent as it stands, not of an end that was taken back', async () => {
    const actor = await somebody();
    const parent = await enqueue(actor);
    const child = await enqueue(actor, { dependsOn: [parent.id] });
    await kill(parent, actor);
    await retry(parent, actor);
    await follow();
    expect(await stateOf(child, actor)).toBe('blocked');
    await complete(parent, actor);
    await follow();
    expect(await stateOf(child, actor)).toBe('ready');
  });

  test('does not wait for ever for a parent that was removed', async () => {
    const actor = await somebody();
    const parent = await enqueue(actor);
    const child = await enqueue(actor, { dependsOn: [parent.id], onDependencyFailure: 'block' });
    await cancel(parent, actor);
    await follow();
    await deleteItem('tasks', taskKey(actor.caller.tenantId, parent.id));
    await follow();
    expect(await stateOf(child, actor)).toBe('cancelled');
  });

  test('that is retried waits again for those at work, and for nobody who has ended', async () => {
    const actor = await somebody();
    const [failed, working] = [await enqueue(actor), await enqueue(actor, { runAt: '2040-01-01T00:00:00Z' })];
    const child = await enqueue(actor, { dependsOn: [failed.id, working.id] });
    await cancel(failed, actor);
    await follow();
    expect(await stateOf(child, actor)).toBe('cancelled');
    expect((await retry(child, actor)).state).toBe('blocked');
    await follow();
    expect(await stateOf(child, actor)).toBe('blocked');
    await cancel(working, actor);
    await follow();
    expect(await stateOf(child, actor)).toBe('cancelled');
    expect((await retry(child, actor)).state).toBe('ready');
  });

  test.each([
    ['an id that never was', () => 'task_01JD0000000000000000000000', 'validation_failed'],
    ['a ref outside a batch', () => 'ref:a', 'validation_failed'],
    ['the same one twice', (id: string) => id, 'validation_failed'],
  ])('cannot name %s', async (_, other, code) => {
    const actor = await somebody();
    const parent = await enqueue(actor);
    expect(await problemCode(enqueue(actor, { dependsOn: [parent.id, other(parent.id)] }))).toBe(code);
  });

  test('cannot name tasks of another tenant, nor of types that the key may not use', async () => {
    const [actor, other] = [await somebody(), await somebody()];
    const theirs = await enqueue(other);
    expect(await problemCode(enqueue(actor, { dependsOn: [theirs.id] }))).toBe('validation_failed');
    await registerType(actor, 'secret.work');
    const secret = await enqueue(actor, { type: 'secret.work' });
    const limited = { ...actor, caller: { ...actor.caller, taskTypes: ['email.send'] } };
    expect(await problemCode(enqueue(limited, { dependsOn: [secret.id] }))).toBe('forbidden');
  });
});

describe('the end of a parent', () => {
  test('that comes while a child is written is not missed, whichever record is followed', async () => {
    const actor = await somebody();
    for (let round = 0; round < 20; round += 1) {
      const parent = await enqueue(actor);
      const lease = await leaseOf(parent, actor);
      const [child] = await Promise.all([
        enqueue(actor, { dependsOn: [parent.id] }),
        completeTask(holderOf(lease), 1, actor),
      ]);
      await follow();
      expect(await stateOf(child, actor)).toBe('ready');
      await complete(child, actor);
    }
  });

  test('that came before the edge was there is found by the record of the child', async () => {
    const actor = await somebody();
    const parent = await enqueue(actor);
    const lease = await leaseOf(parent, actor);
    const child = await enqueue(actor, { dependsOn: [parent.id] });
    const childChanges = await newChanges();
    await completeTask(holderOf(lease), 1, actor);
    // The parent's record found no edge yet.
    await newChanges();
    await tellDependents(childChanges);
    expect(await stateOf(child, actor)).toBe('ready');
    expect((await readEdges(actor.caller.tenantId, parent.id, undefined)).edges).toEqual([]);
  });

  test('that was told before a crash is told again, and the edges go then', async () => {
    const actor = await somebody();
    const parent = await enqueue(actor);
    const children = [
      await enqueue(actor, { dependsOn: [parent.id] }),
      await enqueue(actor, { dependsOn: [parent.id], onDependencyFailure: 'block' }),
    ];
    await follow();
    await cancel(parent, actor);
    const teller = { caller: { subject: 'system' }, requestId: 'crashed' };
    for (const child of children) {
      await tellChild(child, { id: parent.id, state: 'cancelled' }, teller);
    }
    const told = await Promise.all(children.map(({ id }) => getTask(id, actor)));
    await follow(2);
    expect(await Promise.all(children.map(({ id }) => getTask(id, actor)))).toEqual(told);
    const { edges } = await readEdges(actor.caller.tenantId, parent.id, undefined);
    expect(edges.map(({ taskId }) => taskId)).toEqual([children[1]?.id]);
  });

  test('that cannot be told to somebody is not done, and what comes before it is', async () => {
    const actor = await somebody();
    const [good, bad] = [await enqueue(actor), await enqueue(actor)];
    const children = [
      await enqueue(actor, { dependsOn: [good.id] }),
      await enqueue(actor, { dependsOn: [bad.id] }),
      await enqueue(actor, { dependsOn: [bad.id] }),
    ];
    await tamper(children[1] as TaskItem, 'typeVersion', 99);
    await follow();
    await cancel(good, actor);
    await cancel(bad, actor);
    const changes = await newChanges();
    const bads = changes.findIndex(({ id }) => id === bad.id);
    expect(await tellDependents(changes)).toEqual({ done: bads, error: expect.any(Error) });
    expect(await stateOf(children[0] as TaskItem, actor)).toBe('cancelled');
    expect(await stateOf(children[2] as TaskItem, actor)).toBe('cancelled');
    await tamper(children[1] as TaskItem, 'typeVersion', 1);
    await tellDependents(changes.slice(bads));
    expect(await stateOf(children[1] as TaskItem, actor)).toBe('cancelled');
  });

  test('survives whoever wrote the parent over without its mark', async () => {
    const actor = await somebody();
    const parent = await enqueue(actor);
    const [child] = await Promise.all([enqueue(actor, { dependsOn: [parent.id] }), cancel(parent, actor)]);
    await follow();
    expect(await stateOf(child, actor)).toBe('cancelled');
  });

  test('cascades through a chain', async () => {
    const actor = await somebody();
    const chain = [await enqueue(actor)];
    for (let at = 1; at < 20; at += 1) {
      chain.push(await enqueue(actor, { dependsOn: [(chain[at - 1] as TaskItem).id] }));
    }
    await cancel(chain[0] as TaskItem, actor);
    await follow();
    for (const task of chain) expect(await stateOf(task, actor)).toBe('cancelled');
  });
});

describe('a blocked task', () => {
  test('can be cancelled, and the end of its parent changes nothing then', async () => {
    const actor = await somebody();
    const parent = await enqueue(actor);
    const child = await enqueue(actor, { dependsOn: [parent.id] });
    await cancel(child, actor);
    await complete(parent, actor);
    await follow();
    expect(await stateOf(child, actor)).toBe('cancelled');
  });
});

describe('a parent of many', () => {
  test('reaches all of them, in parts that follow one another', async () => {
    const actor = await somebody();
    const parent = await enqueue(actor);
    const children: TaskItem[] = [];
    for (let at = 0; at < 4; at += 1) {
      const some = Array.from({ length: 60 }, () => enqueue(actor, { dependsOn: [parent.id] }));
      children.push(...(await Promise.all(some)));
    }
    await follow();
    await complete(parent, actor);
    // No time at all: every part is one page.
    expect(await follow(1, 0)).toBeGreaterThan(3);
    const states = new Set<string>();
    for (const child of children) states.add(await stateOf(child, actor));
    expect([...states]).toEqual(['ready']);
    expect((await readEdges(actor.caller.tenantId, parent.id, undefined)).edges).toEqual([]);
  }, 60_000);
});
