import type { DeclaredTask } from './declared-task.ts';
import type { Stage } from './stages.ts';

/**
 * The pipeline that every tenant has: an id that no clock makes, so that whoever needs it first can write it, and
 * all others find it.
 */
export const defaultPipelineId = 'pipe_00000000000000000000000000';

const openStages: [string, string, number][] = [
  ['lead', 'Lead', 10],
  ['qualified', 'Qualified', 25],
  ['proposal', 'Proposal', 50],
  ['negotiation', 'Negotiation', 75],
];

export const defaultPipeline: { name: string; stages: Stage[]; onWon: DeclaredTask[] } = {
  name: 'Sales',
  stages: [
    ...openStages.map(([id, name, probability]): Stage => ({ id, name, kind: 'open', probability })),
    { id: 'won', name: 'Won', kind: 'won', probability: 100 },
    { id: 'lost', name: 'Lost', kind: 'lost', probability: 0 },
  ],
  onWon: [],
};
