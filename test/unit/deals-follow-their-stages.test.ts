import { describe, expect, test } from '@jest/globals';
import { settleDeal } from '../../functions/crm/deals/deal-state.ts';
import { inputOf } from '../../functions/crm/deals/win-tasks.ts';
import { completeStages, type Stage, vacatedStages } from '../../functions/crm/pipelines/stages.ts';
import type { CrmRecord } from '../../functions/crm/records/entity.ts';
import type { Problem } from '../../functions/shared/problem.ts';

const stages = {
  talks: { id: 'talks', name: 'Talks', kind: 'open', probability: 30, rotDays: 7 },
  offer: { id: 'offer', name: 'Offer', kind: 'open', probability: 60 },
  won: { id: 'won', name: 'Won', kind: 'won', probability: 100 },
  lost: { id: 'lost', name: 'Lost', kind: 'lost', probability: 0 },
} satisfies Record<string, Stage>;
const at = '2026-11-22T10:00:00.000Z';
const earlier = '2026-11-01T10:00:00.000Z';

const blank = {
  ...{ id: 'deal_x', version: 1, createdAt: earlier, updatedAt: earlier, createdBy: 'a', updatedBy: 'a' },
  ...{ pipelineId: 'pipe_x', stageId: null, probability: null, status: null, stageHistory: null },
  ...{ closedAt: null, wonReason: null, lostReason: null },
};
const standing = {
  open: { ...blank, stageId: 'talks', status: 'open', probability: 45 },
  won: { ...blank, stageId: 'won', status: 'won', probability: 100, closedAt: earlier, wonReason: 'Price' },
  lost: { ...blank, stageId: 'lost', status: 'lost', probability: 0, closedAt: earlier, lostReason: 'Late' },
};

/** The deal after a patch. @param to the stage that it comes into */
function settle(
  from: keyof typeof standing | undefined,
  to: Stage | undefined,
  sent: Record<string, unknown>,
) {
  const before: CrmRecord | undefined = from && standing[from];
  return settleDeal(before, { ...blank, ...before, ...sent }, sent, to && { stage: to, at, by: 'me' });
}

function pointers(run: () => unknown): (string | undefined)[] {
  try {
    run();
  } catch (error) {
    return ((error as Problem).options.errors ?? []).map(({ pointer }) => pointer);
  }
  return [];
}

describe('a deal is what its stage makes of it', () => {
  const open = { status: 'open', closedAt: null, wonReason: null, lostReason: null };
  const won = { status: 'won', probability: 100, lostReason: null };
  const lost = { status: 'lost', probability: 0, wonReason: null };
  test.each([
    ['is new', undefined, stages.talks, {}, { ...open, probability: 30 }],
    ['is new with a probability', undefined, stages.talks, { probability: 5 }, { ...open, probability: 5 }],
    ['is new and won long ago', undefined, stages.won, { closedAt: earlier }, { ...won, closedAt: earlier }],
    ['moves on', 'open', stages.offer, {}, { ...open, probability: 60, rottingAt: null }],
    ['moves on with a probability', 'open', stages.offer, { probability: 45 }, { probability: 45 }],
    ['stays and becomes likelier', 'open', undefined, { probability: 46 }, { ...open, probability: 46 }],
    ['is won', 'open', stages.won, { wonReason: 'Fit' }, { ...won, wonReason: 'Fit', closedAt: at }],
    ['is lost', 'open', stages.lost, { lostReason: 'Late' }, { ...lost, lostReason: 'Late', closedAt: at }],
    ['is opened again', 'won', stages.talks, {}, { ...open, probability: 30 }],
    ['is opened after a loss', 'lost', stages.offer, {}, { ...open, probability: 60 }],
    [
      'is lost after all',
      'won',
      stages.lost,
      { lostReason: 'x' },
      { ...lost, lostReason: 'x', closedAt: at },
    ],
    ['is won after all', 'lost', stages.won, {}, { ...won, wonReason: null, closedAt: at }],
    ['has another reason', 'won', undefined, { wonReason: 'Fit' }, { wonReason: 'Fit', closedAt: earlier }],
    ['was closed earlier', 'lost', undefined, { closedAt: at }, { closedAt: at, lostReason: 'Late' }],
  ] as const)('%s', (_, from, to, sent, expected) => {
    expect(settle(from, to, sent)).toMatchObject(expected);
  });

  test.each([
    ['a loss without a reason', 'open', stages.lost, {}, ['/lostReason']],
    ['a loss whose reason is cleared', 'lost', undefined, { lostReason: null }, ['/lostReason']],
    ['a reason of the other end', 'open', stages.won, { lostReason: 'x' }, ['/lostReason']],
    [
      'an end of an open deal',
      'open',
      undefined,
      { closedAt: at, wonReason: 'x' },
      ['/closedAt', '/wonReason'],
    ],
    ['another probability of an end', 'open', stages.won, { probability: 99 }, ['/probability']],
    ['a closed deal without a time', 'won', undefined, { closedAt: null }, ['/closedAt']],
  ] as const)('refuses %s', (_, from, to, sent, expected) => {
    expect(pointers(() => settle(from, to, sent))).toEqual(expected);
  });

  test('every stage is kept with its time, the last fifty of them', () => {
    const first = settle(undefined, stages.talks, {});
    expect(first).toMatchObject({ stageEnteredAt: at, rottingAt: '2026-11-29T10:00:00.000Z' });
    expect(first.stageHistory).toEqual([{ pipelineId: 'pipe_x', stageId: 'talks', at, by: 'me' }]);
    let deal: CrmRecord = first;
    for (let move = 0; move < 60; move += 1) {
      deal = settleDeal(deal, deal, {}, { stage: move % 2 ? stages.talks : stages.offer, at, by: 'me' });
    }
    expect(deal.stageHistory).toHaveLength(50);
  });
});

describe('the stages of a pipeline', () => {
  const ends = [
    { name: 'Won', kind: 'won' as const },
    { name: 'Lost', kind: 'lost' as const },
  ];
  test('get ids of their names and the probabilities of ends', () => {
    const open = { kind: 'open' as const, probability: 20 };
    const stagesOf = completeStages([{ name: 'Größe!', ...open }, { name: 'grosse', ...open }, ...ends]);
    expect(stagesOf.map(({ id }) => id)).toEqual(['gro-e', 'grosse', 'won', 'lost']);
    expect(stagesOf.slice(2)).toMatchObject([{ probability: 100 }, { probability: 0 }]);
    const same = completeStages([
      { id: 'a', name: 'A', ...open },
      { name: 'A', ...open },
      { name: '…', ...open },
      ...ends,
    ]);
    expect(same.map(({ id }) => id)).toEqual(['a', 'a-2', 'stage', 'won', 'lost']);
  });

  test.each([
    ['no open one', ends, ['/stages']],
    ['an open one without a probability', [{ name: 'A', kind: 'open' }, ...ends], ['/stages/0/probability']],
    [
      'a sure loss',
      [stages.talks, stages.won, { ...stages.lost, probability: 5 }],
      ['/stages/2/probability'],
    ],
    ['an id twice', [stages.talks, { ...stages.offer, id: 'talks' }, ...ends], ['/stages/1/id']],
    ['an end that rots', [stages.talks, { ...stages.won, rotDays: 3 }, stages.lost], ['/stages/1/rotDays']],
  ])('refuse %s', (_, given, expected) => {
    expect(pointers(() => completeStages(given as Stage[]))).toEqual(expected);
  });

  test('that are left out or of another kind must be empty', () => {
    const { talks, offer, won, lost } = stages;
    const after = [{ ...offer, kind: 'won' as const }, { ...won, name: 'Yes' }, lost];
    expect(vacatedStages([talks, offer, won, lost], after).map(({ id }) => id)).toEqual(['talks', 'offer']);
  });
});

test('a declared task becomes what its enqueuer would have sent', () => {
  const deal = { ...standing.won, title: 'Big', amount: 5, currency: 'EUR', ownerId: 'ann' };
  const declared = {
    type: 'onboard',
    input: { plan: 'a' },
    withDeal: true,
    dueInDays: 2,
    assigneeId: 'owner',
  };
  expect(inputOf(deal, declared, new Date(at))).toEqual({
    type: 'onboard',
    priority: 0,
    about: { type: 'deal', id: 'deal_x' },
    input: {
      plan: 'a',
      deal: {
        ...{ id: 'deal_x', title: 'Big', amount: 5, currency: 'EUR', pipelineId: 'pipe_x', stageId: 'won' },
        ...{ contactId: null, companyId: null, ownerId: 'ann' },
      },
    },
    dueAt: '2026-11-24T10:00:00.000Z',
    assigneeId: 'ann',
  });
  expect(inputOf({ ...deal, ownerId: null }, { type: 'todo', assigneeId: 'owner' }, new Date(at))).toEqual({
    type: 'todo',
    priority: 0,
    about: { type: 'deal', id: 'deal_x' },
  });
});
