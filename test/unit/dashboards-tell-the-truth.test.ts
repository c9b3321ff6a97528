import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { readDashboard } from '../../functions/crm/dashboard/dashboard.ts';
import { dashboardOutput } from '../../functions/crm/dashboard/dashboard-routes.ts';
import { dueTimeOf } from '../../functions/platform/counting/due-time.ts';
import { readForecast } from '../../functions/platform/counting/forecast.ts';
import type { Item } from '../../functions/shared/dynamo/item.ts';
import { hasEnded, taskStates } from '../../functions/tasks/lifecycle/state-machine.ts';
import { deliver, startFollowing, streamRecord } from '../support/followed-changes.ts';

let following: Awaited<ReturnType<typeof startFollowing>>;
let tenants = 0;

beforeAll(async () => {
  following = await startFollowing();
});

afterAll(() => following.stop());

const newTenant = () => `t${++tenants}`;

describe('the dashboard', () => {
  const base = { version: 1, updatedAt: '2026-01-01T00:00:00.000Z' };
  const deal = (id: string, more: Item) => ({
    ...base,
    ...{ entity: 'deal', id, pipelineId: 'pipe_1', stageId: 'new', status: 'open', currency: 'USD' },
    ...more,
  });

  test('never mixes currencies and weighs each deal half up', async () => {
    const tenantId = newTenant();
    const items = [
      deal('d1', { amount: 1_001, probability: 50, expectedCloseOn: '2026-12-31' }),
      deal('d2', { amount: 50, probability: 1, expectedCloseOn: '2026-12-01' }),
      deal('d3', { amount: 700, probability: 10, currency: 'JPY' }),
      deal('d4', { amount: 9_000, probability: 100, status: 'won', stageId: 'won' }),
      deal('d5', { probability: 10, pipelineId: 'pipe_2' }),
    ];
    await deliver(items.map((item) => streamRecord(tenantId, undefined, item)));
    const dashboard = await readDashboard(tenantId, 'USD');
    expect(dashboardOutput.safeParse(dashboard).error).toBeUndefined();
    const { deals } = dashboard;
    expect(deals).toMatchObject({
      total: 5,
      totalValue: 10_051,
      openValue: 1_051,
      weightedValue: 502,
      valueByCurrency: [
        { currency: 'JPY', value: 700, count: 1 },
        { currency: 'USD', value: 10_051, count: 4 },
      ],
      byStatus: [
        { status: 'open', count: 4, totalValue: 1_051 },
        { status: 'won', count: 1, totalValue: 9_000 },
        { status: 'lost', count: 0, totalValue: 0 },
      ],
    });
    expect(deals.byStage).toEqual([
      expect.objectContaining({ pipelineId: 'pipe_1', stage: 'new', count: 3, totalValue: 1_051 }),
      expect.objectContaining({ pipelineId: 'pipe_1', stage: 'won', count: 1, totalValue: 9_000 }),
      expect.objectContaining({ pipelineId: 'pipe_2', stage: 'new', count: 1, totalValue: 0 }),
    ]);
    const december = { month: '2026-12', count: 2 };
    const withoutAmount = { currency: 'USD', count: 1, amount: 0, weighted: 0 };
    const undatedJpy = { currency: 'JPY', count: 1, amount: 700, weighted: 70 };
    expect(await readForecast(tenantId, undefined, '2026-01', '2026-12')).toEqual([
      { ...december, byCurrency: [{ currency: 'USD', count: 2, amount: 1_051, weighted: 502 }] },
      { month: null, count: 2, byCurrency: [undatedJpy, withoutAmount] },
    ]);
    expect(await readForecast(tenantId, 'pipe_2', '2026-01', '2026-12')).toEqual([
      { month: null, count: 1, byCurrency: [withoutAmount] },
    ]);
    expect(await readForecast(tenantId, 'pipe_1', '2027-01', '2027-12')).toEqual([
      { month: null, count: 1, byCurrency: [undatedJpy] },
    ]);
  });

  test('knows what is overdue at any moment, without a write that makes it so', async () => {
    const tenantId = newTenant();
    const due = [
      '1900-01-01',
      '2025-11-30',
      '2026-10-31',
      '2026-11-21',
      '2026-11-22',
      '2026-12-01',
      '9999-01-01',
    ];
    const invoices = due.map((dueOn, at) => ({
      ...{ ...base, entity: 'invoice', id: `inv_${at}`, status: 'open', dueOn },
    }));
    const minutes = ['08:14:59.999', '08:15:00.000', '08:16:00.000'];
    const tasks = [
      ...due.map((date) => `${date}T12:00:00.000Z`),
      ...minutes.map((time) => `2026-11-22T${time}Z`),
    ]
      .map((dueAt, at) => ({ ...base, entity: 'task', id: `task_${at}`, state: 'ready', dueAt }))
      .concat([
        { ...base, entity: 'task', id: 'task_x', state: 'cancelled', dueAt: '2026-01-01T00:00:00.000Z' },
      ]);
    await deliver([...invoices, ...tasks].map((item) => streamRecord(tenantId, undefined, item)));
    const overdueAt = async (moment: string) => {
      jest.useFakeTimers({ now: new Date(moment), doNotFake: ['nextTick', 'setImmediate', 'setTimeout'] });
      try {
        const dashboard = await readDashboard(tenantId, 'USD');
        return [dashboard.invoices.overdue, dashboard.tasks.overdue];
      } finally {
        jest.useRealTimers();
      }
    };
    expect(await overdueAt('2026-11-22T08:15:30.000Z')).toEqual([4, 5]);
    expect(await overdueAt('2026-11-22T08:16:00.000Z')).toEqual([4, 6]);
    expect(await overdueAt('2026-11-23T00:00:00.000Z')).toEqual([5, 8]);
    expect(await overdueAt('2026-12-01T00:00:00.000Z')).toEqual([5, 8]);
    expect(await overdueAt('2030-01-01T00:00:00.000Z')).toEqual([6, 9]);
  });
});

test('what is due is placed by day, and by minute where it has a time', () => {
  expect(dueTimeOf('2026-11-22')).toEqual({ month: '2026-11', day: '22' });
  expect(dueTimeOf('2026-11-22T08:15:30.000Z')).toEqual({ month: '2026-11', day: '22', minute: '08:15' });
  expect(dueTimeOf('9999-12-31')).toEqual({ month: '2199-12', day: '31' });
  expect(dueTimeOf('0001-01-01T00:00:00.000Z')).toEqual({ month: '1970-01', day: '01', minute: '00:00' });
  expect(taskStates.filter((state) => !hasEnded(state))).toHaveLength(4);
});
