import type { Actor } from '../../shared/actor.ts';
import { instant } from '../../shared/clock.ts';
import { Problem, validationFailed } from '../../shared/problem.ts';
import type { PlannedWrite } from '../../shared/write-plan.ts';
import { notBarred } from '../pipelines/closing-stages.ts';
import { defaultPipelineId } from '../pipelines/default-pipeline.ts';
import { findPipeline, forgetPipeline, type Pipeline } from '../pipelines/find-pipeline.ts';
import type { Stage } from '../pipelines/stages.ts';
import type { CrmRecord } from '../records/entity.ts';
import { livingCondition, recordKey } from '../records/record-item.ts';
import type { Decided, RecordRules } from '../records/rules.ts';
import { tenantSettings } from '../settings/find-settings.ts';
import { nextOwner } from '../settings/next-owner.ts';
import { settleDeal } from './deal-state.ts';
import { planWin } from './win.ts';

/** A deal is what its stage makes of it; see deal-state.ts. */
export const dealRules: RecordRules = {
  watched: ['pipelineId', 'stageId', 'probability', 'closedAt', 'wonReason', 'lostReason'],
  async create(draft, actor) {
    const { tenantId } = actor.caller;
    const pipelineId = String(draft.pipelineId ?? defaultPipelineId);
    const record = {
      ...draft,
      pipelineId,
      currency: draft.currency ?? (await tenantSettings(tenantId)).currency,
    };
    const decided = await enter(undefined, record, draft, draft.createdAt, actor);
    const ownerId = decided.record.ownerId ?? (await nextOwner(tenantId, 'deals'));
    return { ...decided, record: { ...decided.record, ownerId } };
  },
  async update(before, draft, actor, patch) {
    const moved = draft.pipelineId !== before.pipelineId || draft.stageId !== before.stageId;
    if (!moved) return { record: settleDeal(before, draft, patch, undefined), writes: [] };
    // Another pipeline has other stages: without one it begins with the first.
    const stageId = draft.pipelineId === before.pipelineId || patch.stageId ? draft.stageId : null;
    return enter(before, { ...draft, stageId }, patch, instant(), actor);
  },
  async restore(draft, actor) {
    const known = await findPipeline(actor.caller.tenantId, String(draft.pipelineId));
    const stage = known?.stages.find(({ id }) => id === draft.stageId);
    if (known && stage) return { record: draft, writes: await stageStands(known, stage, actor) };
    if (draft.status !== 'open') return { record: draft, writes: [] };
    const pipelineId = known ? draft.pipelineId : defaultPipelineId;
    return enter(draft, { ...draft, pipelineId, stageId: null }, {}, draft.updatedAt, actor);
  },
};

/** The deal in the stage that it names, or in the first open one of its pipeline. */
async function enter(
  before: CrmRecord | undefined,
  draft: CrmRecord,
  sent: Record<string, unknown>,
  at: string,
  actor: Actor,
): Promise<Decided> {
  const { pipeline, stage } = await requireStage(String(draft.pipelineId), draft.stageId, actor);
  const record = settleDeal(before, draft, sent, { stage, at, by: actor.caller.subject });
  const won = record.status === 'won' && before?.status !== 'won';
  return {
    record,
    writes: [
      ...(await stageStands(pipeline, stage, actor)),
      ...(won ? await planWin(record, pipeline, actor) : []),
    ],
  };
}

/**
 * A stage by its id, or the first open one. One that is not found may have been added since the pipeline was read.
 * @throws {Problem} `validation_failed`
 */
async function requireStage(
  pipelineId: string,
  stageId: unknown,
  { caller }: Actor,
): Promise<{ pipeline: Pipeline; stage: Stage }> {
  const wanted = ({ id, kind }: Stage) => (stageId === null ? kind === 'open' : id === stageId);
  for (const look of ['remembered', 'now']) {
    const pipeline = await findPipeline(caller.tenantId, pipelineId);
    if (!pipeline) throw refused('/pipelineId', 'unknown_reference', `no pipeline has the id ${pipelineId}`);
    const stage = pipeline.stages.find(wanted);
    if (stage) return { pipeline, stage };
    if (look === 'now') throw refused('/stageId', 'unknown_stage', `is not one of: ${idsOf(pipeline)}`);
    forgetPipeline(caller.tenantId, pipelineId);
  }
  throw new Error('unreachable');
}

const idsOf = ({ stages }: Pipeline) => stages.map(({ id }) => id).join(', ');

const refused = (pointer: string, code: string, message: string) =>
  validationFailed([{ pointer, code, message }]);

/** A stage that is gone or going, or is another one by now than is remembered, is not entered. */
async function stageStands(pipeline: Pipeline, stage: Stage, actor: Actor): Promise<PlannedWrite[]> {
  const { tenantId } = actor.caller;
  return [pipelineUnchanged(pipeline, actor), await notBarred(tenantId, pipeline.id, stage.id)];
}

function pipelineUnchanged({ id, version }: Pipeline, { caller }: Actor): PlannedWrite {
  return {
    write: {
      kind: 'check',
      table: 'crm',
      key: recordKey({ entity: 'pipeline' }, caller.tenantId, id),
      condition: {
        text: `${livingCondition} AND #version = :version`,
        names: { '#version': 'version' },
        values: { ':version': version },
      },
    },
    refused: () => {
      forgetPipeline(caller.tenantId, id);
      return new Problem('conflict', 'The pipeline was changed meanwhile; try again');
    },
  };
}
