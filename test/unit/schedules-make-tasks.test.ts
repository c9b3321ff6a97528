import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Actor } from '../../functions/shared/actor.ts';
import { getItem, queryPage, updateItem } from '../../functions/shared/dynamo/table.ts';
import { validate } from '../../functions/shared/validation.ts';
import { runTimers } from '../../functions/tasks/lifecycle/timers.ts';
import {
  deleteSchedule,
  getSchedule,
  listSchedules,
} from '../../functions/tasks/schedules/find-schedules.ts';
import { handleScheduleTimer, maxTicksPerRun } from '../../functions/tasks/schedules/make-ticks.ts';
import { putSchedule } from '../../functions/tasks/schedules/put-schedule.ts';
import { scheduleInput } from '../../functions/tasks/schedules/schedule-input.ts';
import { type ScheduleItem, scheduleKey } from '../../functions/tasks/schedules/schedule-item.ts';
import { toScheduleRow } from '../../functions/tasks/schedules/schedule-view.ts';
import { type TaskItem, taskKey } from '../../functions/tasks/task.ts';
import { toView } from '../../functions/tasks/task-view.ts';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';
import { newActor, problemCode, registerType } from '../support/tasks.ts';

let dynamo: TestDynamo;
beforeAll(async () => {
  dynamo = await startDynamo();
});
afterAll(() => dynamo?.stop());

const minute = 60_000;
const put = (actor: Actor, body: Record<string, unknown> = {}, name = 'report') =>
  putSchedule(name, validate(scheduleInput, { type: 'email.send', every: 60, ...body }), actor);

async function withSchedule(body: Record<string, unknown> = {}) {
  const actor = newActor();
  await registerType(actor);
  const { schedule } = await put(actor, body);
  return { actor, schedule, first: Date.parse(schedule.nextAt as string) };
}

async function stored(actor: Actor, name = 'report'): Promise<ScheduleItem> {
  return (await getItem('tasks', scheduleKey(actor.caller.tenantId, name))) as ScheduleItem;
}

/** A run of the clock at a time. */
const tick = async (actor: Actor, millis: number) =>
  handleScheduleTimer(await stored(actor), 'clock', new Date(millis));

async function tasksOf(actor: Actor): Promise<TaskItem[]> {
  const { items } = await queryPage({
    table: 'tasks',
    index: 'byCreated',
    key: { text: 'createdPk = :pk', values: { ':pk': `${actor.caller.tenantId}#tasks` } },
  });
  return Promise.all(
    items.map(async ({ pk, sk }) => (await getItem('tasks', { pk, sk } as never)) as TaskItem),
  );
}

const timesOf = (tasks: TaskItem[]) => tasks.map(({ schedule }) => Date.parse(schedule?.at as string)).sort();

describe('a tick', () => {
  test('makes the task of the schedule, with its time', async () => {
    const { actor, first } = await withSchedule({
      input: { n: 1 },
      title: 'Report',
      priority: 5,
      maxAttempts: 7,
    });
    await tick(actor, first - 1);
    expect(await tasksOf(actor)).toEqual([]);
    await tick(actor, first + 10_000);
    const [task] = await tasksOf(actor);
    const at = new Date(first).toISOString();
    expect(toView(task as TaskItem)).toMatchObject({
      type: 'email.send',
      state: 'ready',
      title: 'Report',
      priority: 5,
      maxAttempts: 7,
      schedule: { name: 'report', at },
      createdBy: 'system',
    });
    expect(task?.input).toBe('{"n":1}');
    expect(toScheduleRow(await stored(actor))).toMatchObject({
      lastRunAt: at,
      lastTaskId: task?.id,
      madeCount: 1,
      nextRunAt: new Date(first + minute).toISOString(),
      version: 1,
    });
  });

  test('is made once by any number of clocks, also ones that come late', async () => {
    const { actor, first } = await withSchedule({ overlap: 'queue' });
    const before = await stored(actor);
    const at = new Date(first + 5 * minute + 1);
    await Promise.all(Array.from({ length: 6 }, () => handleScheduleTimer(before, 'clock', at)));
    await handleScheduleTimer(before, 'clock', at);
    await tick(actor, at.getTime());
    const expected = Array.from({ length: 6 }, (_, index) => first + index * minute);
    expect(timesOf(await tasksOf(actor))).toEqual(expected);
    expect((await stored(actor)).madeCount).toBe(6);
  });

  test('that was missed is made up for, a hundred in a run', async () => {
    const { actor, first } = await withSchedule({ overlap: 'queue' });
    const later = first + 149 * minute;
    await tick(actor, later);
    expect(await tasksOf(actor)).toHaveLength(maxTicksPerRun);
    await tick(actor, later);
    const times = timesOf(await tasksOf(actor));
    expect(times).toEqual(Array.from({ length: 150 }, (_, index) => first + index * minute));
    expect(await stored(actor)).toMatchObject({ madeCount: 150, skippedCount: 0 });
  });

  test('is skipped and counted while the last task is not over', async () => {
    const { actor, first } = await withSchedule();
    await tick(actor, first + 4 * minute);
    expect(await tasksOf(actor)).toHaveLength(1);
    expect(await stored(actor)).toMatchObject({
      madeCount: 1,
      skippedCount: 4,
      nextAt: new Date(first + 5 * minute).toISOString(),
    });
    const [task] = await tasksOf(actor);
    const key = taskKey(actor.caller.tenantId, task?.id as string);
    await updateItem('tasks', key, {
      text: 'SET #s = :s',
      names: { '#s': 'state' },
      values: { ':s': 'completed' },
    });
    await tick(actor, first + 5 * minute);
    expect(await tasksOf(actor)).toHaveLength(2);
  });

  test('that cannot be made is told, and the schedule goes on', async () => {
    const actor = newActor();
    const { tenantId } = actor.caller;
    await registerType(actor, 'strict', { inputSchema: { type: 'object' } });
    const { schedule } = await put(actor, { type: 'strict', input: {}, overlap: 'queue' });
    const first = Date.parse(schedule.nextAt as string);
    // The type as it stands is remembered for a while, so the input is what changes here.
    const change = async (input: string) =>
      updateItem('tasks', scheduleKey(tenantId, 'report'), {
        text: 'SET #i = :i',
        names: { '#i': 'input' },
        values: { ':i': input },
      });
    await change('5');
    await tick(actor, first + minute);
    const at = new Date(first + minute).toISOString();
    expect(toScheduleRow(await stored(actor))).toMatchObject({
      madeCount: 0,
      lastError: { at, code: 'validation_failed', message: expect.stringContaining('/input') },
      nextRunAt: new Date(first + 2 * minute).toISOString(),
    });
    await change('{}');
    await tick(actor, first + 2 * minute);
    expect(toScheduleRow(await stored(actor))).toMatchObject({ madeCount: 1, lastError: null });
  });

  test('of a schedule that was changed meanwhile is left to the next run', async () => {
    const { actor, first } = await withSchedule();
    const before = await stored(actor);
    await put(actor, { title: 'Changed' });
    await handleScheduleTimer(before, 'clock', new Date(first));
    expect(await tasksOf(actor)).toEqual([]);
    await tick(actor, first);
    expect((await tasksOf(actor)).map(({ title }) => title)).toEqual(['Changed']);
  });

  test('is found by the clock in its index', async () => {
    const { actor, first } = await withSchedule();
    const seen: string[] = [];
    const key = scheduleKey(actor.caller.tenantId, 'report');
    const past = `${String(first - 86_400_000).padStart(15, '0')}#x`;
    await updateItem('tasks', key, { text: 'SET timerSk = :sk', values: { ':sk': past } });
    await runTimers('clock', Date.now() + 20_000, {
      task: async () => {},
      schedule: async (item) => {
        seen.push(String(item.tenantId));
      },
    });
    expect(seen).toContain(actor.caller.tenantId);
  });
});

describe('a schedule', () => {
  test('that is put again in the same way keeps its times, a changed one begins anew', async () => {
    const { actor, schedule } = await withSchedule();
    const { schedule: same, created } = await put(actor, { title: 'x' });
    expect({ created, nextAt: same.nextAt, version: same.version }).toEqual({
      created: false,
      nextAt: schedule.nextAt,
      version: 2,
    });
    const { schedule: changed } = await put(actor, { every: 'PT2M' });
    expect(Date.parse(changed.nextAt as string)).toBe(Date.parse(changed.anchorAt) + 2 * minute);
    const { schedule: cron } = await put(actor, {
      every: undefined,
      cron: '0 9 * * *',
      timezone: 'Europe/Berlin',
    });
    const row = toScheduleRow(cron);
    expect(row).toMatchObject({ every: null, cron: '0 9 * * *' });
    expect(row.nextRuns).toHaveLength(5);
  });

  test('that is disabled has no times, and does not catch up when it is enabled', async () => {
    const { actor, first } = await withSchedule();
    const { schedule } = await put(actor, { enabled: false });
    expect(toScheduleRow(schedule)).toMatchObject({ enabled: false, nextRunAt: null, nextRuns: [] });
    await tick(actor, first + 100 * minute);
    expect(await tasksOf(actor)).toEqual([]);
    const { schedule: again } = await put(actor);
    expect(Date.parse(again.nextAt as string)).toBeGreaterThan(Date.now());
    // Still counted from when it was made.
    expect((Date.parse(again.nextAt as string) - first) % minute).toBe(0);
  });

  test('that is deleted makes nothing more, and its tasks stay', async () => {
    const { actor, first } = await withSchedule();
    const before = await stored(actor);
    await tick(actor, first);
    await deleteSchedule('report', actor);
    await handleScheduleTimer(before, 'clock', new Date(first + 10 * minute));
    expect(await tasksOf(actor)).toHaveLength(1);
    expect(await problemCode(getSchedule('report', actor))).toBe('not_found');
    expect(await problemCode(deleteSchedule('report', actor))).toBe('not_found');
  });

  test('is only for types that its caller may enqueue', async () => {
    const { actor } = await withSchedule();
    const scoped: Actor = { ...actor, caller: { ...actor.caller, taskTypes: ['other'] } };
    expect(await problemCode(put(scoped, {}, 'mine'))).toBe('forbidden');
    expect(await problemCode(put(scoped))).toBe('forbidden');
    expect(await problemCode(getSchedule('report', scoped))).toBe('forbidden');
    expect(await problemCode(deleteSchedule('report', scoped))).toBe('forbidden');
    expect((await listSchedules({}, scoped)).data).toEqual([]);
    expect((await listSchedules({}, actor)).data.map(({ name }) => name)).toEqual(['report']);
    expect(await problemCode(put(actor, { type: 'records.import' }))).toBe('validation_failed');
    expect(await problemCode(put(actor, { type: 'unknown' }))).toBe('validation_failed');
  });
});
