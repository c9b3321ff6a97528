import { describe, expect, test } from '@jest/globals';
import { auditWrites } from '../../functions/changes/audit-writes.ts';
import type { Change } from '../../functions/changes/change.ts';
import { differencesOf } from '../../functions/changes/differences.ts';
import { movesOf } from '../../functions/changes/moves.ts';
import { timelineWrites } from '../../functions/changes/timeline-writes.ts';
import { eventsOf } from '../../functions/changes/webhook-events.ts';
import { mergeSources, type SourcePage } from '../../functions/platform/timeline/merge-sources.ts';
import { isEventType } from '../../functions/platform/webhooks/event-types.ts';
import type { FollowedEntity } from '../../functions/shared/counted-fields.ts';
import type { Item } from '../../functions/shared/dynamo/item.ts';

const changeOf = (entity: FollowedEntity, before?: Item, after?: Item): Change => ({
  tenantId: 't1',
  entity,
  id: `${entity}_1`,
  version: 2,
  action: before ? (after ? 'updated' : 'deleted') : 'created',
  at: '2026-01-01T00:00:00.000Z',
  actor: 'user-1',
  requestId: 'request-1',
  changes: [],
  ...(before && { before }),
  ...(after && { after }),
});

describe('what differs', () => {
  const between = (before: unknown, after: unknown) =>
    differencesOf({ at: before }, { at: after }, ['at']).map(({ field, old, new: value }) => [
      field,
      old,
      value,
    ]);

  test.each<[string, unknown, unknown, unknown[]]>([
    ['a value', 1, 2, [['at', 1, 2]]],
    ['a member that is new', { a: 1 }, { a: 1, b: 2 }, [['at.b', null, 2]]],
    ['an object that is cleared', { a: 1 }, undefined, [['at.a', 1, null]]],
    ['a list of values', ['a'], ['a', 'b'], [['at', ['a'], ['a', 'b']]]],
    ['a line', [{ q: 1, p: 5 }, { q: 2 }], [{ q: 3, p: 5 }, { q: 2 }], [['at[0].q', 1, 3]]],
    [
      'a line that is taken out',
      [{ q: 1 }, { q: 2 }, { q: 3 }],
      [{ q: 1 }, { q: 3 }],
      [['at[1]', { q: 2 }, null]],
    ],
    ['a line that is put in', [{ q: 1 }], [{ q: 0 }, { q: 1 }], [['at[0]', null, { q: 0 }]]],
    [
      'an element with an id',
      [
        { id: 'x', n: 1 },
        { id: 'y', n: 1 },
      ],
      [
        { id: 'y', n: 2 },
        { id: 'x', n: 1 },
      ],
      [['at[y].n', 1, 2]],
    ],
    [
      'an order',
      [{ id: 'x' }, { id: 'y' }],
      [{ id: 'y' }, { id: 'x' }],
      [['at', [{ id: 'x' }, { id: 'y' }], [{ id: 'y' }, { id: 'x' }]]],
    ],
    ['lines that are new', undefined, [{ q: 1 }], [['at', null, [{ q: 1 }]]]],
  ])('%s', (_what, before, after, expected) => {
    expect(between(before, after)).toEqual(expected);
  });
});

describe('what a write meant', () => {
  test.each<[FollowedEntity, Item, Item, string[]]>([
    ['deal', { stageId: 'a', status: 'open' }, { stageId: 'b', status: 'open' }, ['moved']],
    ['deal', { stageId: 'a', status: 'open' }, { stageId: 'w', status: 'won' }, ['moved', 'won']],
    ['deal', { stageId: 'w', status: 'won' }, { stageId: 'a', status: 'open' }, ['moved', 'reopened']],
    ['order', { status: 'draft' }, { status: 'confirmed' }, ['confirmed']],
    ['order', { status: 'draft', notes: 'a' }, { status: 'draft', notes: 'b' }, []],
    ['invoice', { status: 'open' }, { status: 'open', amountPaid: 5 }, ['payment_recorded']],
    [
      'invoice',
      { status: 'open', amountPaid: 5 },
      { status: 'paid', amountPaid: 9 },
      ['payment_recorded', 'paid'],
    ],
    ['task', { state: 'ready' }, { state: 'claimed' }, []],
    ['task', { state: 'claimed' }, { state: 'completed' }, ['completed']],
    ['task', { state: 'dead' }, { state: 'ready' }, ['reopened']],
  ])('%s %j → %j', (entity, before, after, moves) => {
    expect(movesOf(entity, before, after)).toEqual(moves);
    if (entity === 'task') return;
    const types = eventsOf(changeOf(entity, before, after)).map(({ event }) => event.type);
    expect(types).toEqual([`${entity}.updated`, ...moves.map((move) => `${entity}.${move}`)]);
    expect(types.every(isEventType)).toBe(true);
  });

  test('gives each event of a write an id of its own, the same whenever it is told', () => {
    const change = changeOf('deal', { stageId: 'a', status: 'open' }, { stageId: 'b', status: 'won' });
    const ids = eventsOf(change).map(({ event }) => event.id);
    expect(new Set(ids).size).toBe(3);
    expect(eventsOf({ ...change }).map(({ event }) => event.id)).toEqual(ids);
  });
});

describe('the timelines of others', () => {
  const shown = (change: Change) =>
    timelineWrites(change).map((write) => ('put' in write ? [write.put.pk, write.put.action] : []));

  test.each<[string, Change, unknown[]]>([
    [
      'of a new task',
      changeOf('task', undefined, { about: 'contact:con_1' }),
      [['t1#timeline#con_1', 'created']],
    ],
    ['not of one about nothing', changeOf('task', undefined, { title: 'x' }), []],
    [
      'not of work on a task',
      changeOf(
        'task',
        { about: 'contact:con_1', state: 'ready' },
        { about: 'contact:con_1', state: 'claimed' },
      ),
      [],
    ],
    [
      'not of a change of a note',
      changeOf('deal', { contactId: 'con_1' }, { contactId: 'con_1', notes: 'x' }),
      [],
    ],
    [
      'of a deletion',
      changeOf('order', { contactId: 'con_1', companyId: 'com_1' }),
      [
        ['t1#timeline#con_1', 'deleted'],
        ['t1#timeline#com_1', 'deleted'],
      ],
    ],
    [
      'of a reference that moves',
      changeOf('deal', { contactId: 'con_1' }, { contactId: 'con_2' }),
      [
        ['t1#timeline#con_1', 'unlinked'],
        ['t1#timeline#con_2', 'linked'],
      ],
    ],
    ['not of the end of the time to live', changeOf('task', { about: 'contact:con_1' }), []],
  ])('tell %s', (_what, change, expected) => {
    expect(shown(change)).toEqual(expected);
  });
});

describe('the audit', () => {
  const action = (change: Change) => auditWrites(change).map((write) => 'put' in write && write.put.action);

  test.each<[string, Change, unknown[]]>([
    ['a write of a record', changeOf('contact', {}, {}), ['updated']],
    ['an import', changeOf('task', undefined, { executor: 'builtin' }), ['created']],
    ['no enqueueing', changeOf('task', undefined, { executor: 'worker' }), []],
    ['no claim', changeOf('task', { state: 'ready' }, { state: 'claimed' }), []],
    ['a cancellation', changeOf('task', { state: 'ready' }, { state: 'cancelled' }), ['cancelled']],
    [
      'that it is asked for',
      changeOf('task', { state: 'claimed' }, { state: 'claimed', cancelRequested: true }),
      ['cancelled'],
    ],
    [
      'not that it then happens',
      changeOf(
        'task',
        { state: 'claimed', cancelRequested: true },
        { state: 'cancelled', cancelRequested: true },
      ),
      [],
    ],
    [
      'not what the service does',
      { ...changeOf('task', { state: 'ready' }, { state: 'cancelled' }), actor: 'system' },
      [],
    ],
    ['a retry', changeOf('task', { state: 'dead' }, { state: 'ready' }), ['retried']],
    ['a redrive', changeOf('task', { state: 'dead' }, { state: 'ready', redriveId: 'task_9' }), ['redriven']],
  ])('tells of %s', (_what, change, expected) => {
    expect(action(change)).toEqual(expected);
  });
});

describe('sources are merged', () => {
  const page = (times: string[], next?: string): SourcePage<string> => ({
    rows: times.map((at) => ({ at, place: at, value: at })),
    ...(next !== undefined && { next }),
  });

  test('newest first, and each goes on where it was left', () => {
    const { rows, places, ended } = mergeSources([page(['9', '5', '4']), page(['8', '7'], '7')], ['', ''], 3);
    expect([rows, places, ended]).toEqual([['9', '8', '7'], ['9', '7'], false]);
  });

  test('only as far as all of them are known', () => {
    const { rows, places } = mergeSources([page(['9', '1']), page([], '6')], ['', ''], 5);
    expect([rows, places]).toEqual([[], ['', '6']]);
    expect(mergeSources([page(['9', '1']), page(['3'])], ['', '6'], 5)).toEqual({
      rows: ['9', '3', '1'],
      places: ['1', '3'],
      ended: true,
    });
  });
});
