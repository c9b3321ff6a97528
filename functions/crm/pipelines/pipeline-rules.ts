import type { Actor } from '../../shared/actor.ts';
import { queryPage } from '../../shared/dynamo/table.ts';
import { mapConcurrently } from '../../shared/map-concurrently.ts';
import { Problem, type ProblemDetail, validationFailed } from '../../shared/problem.ts';
import { requireValidInput } from '../../tasks/types/enforce.ts';
import { findType } from '../../tasks/types/type-registry.ts';
import type { CrmRecord } from '../records/entity.ts';
import type { RecordRules } from '../records/rules.ts';
import type { DeclaredTask } from './declared-task.ts';
import { defaultPipelineId } from './default-pipeline.ts';
import { ensureDefaultPipeline, forgetPipeline } from './find-pipeline.ts';
import { completeStages, type Stage, vacatedStages } from './stages.ts';

/** Stages are whole, declared tasks can be made, and no deal loses its stage. */
export const pipelineRules: RecordRules = {
  watched: ['name', 'stages', 'onWon'],
  ready: ensureDefaultPipeline,
  async create(draft, actor) {
    await requireTypes(draft.onWon as DeclaredTask[], actor);
    return { record: { ...draft, stages: completeStages(draft.stages as Stage[]) }, writes: [] };
  },
  async update(before, draft, actor, patch) {
    if (patch.onWon) await requireTypes(draft.onWon as DeclaredTask[], actor);
    const stages = completeStages(draft.stages as Stage[]);
    await requireVacant(before, vacatedStages(before.stages as Stage[], stages), actor);
    forgetPipeline(actor.caller.tenantId, before.id);
    return { record: { ...draft, stages }, writes: [] };
  },
  async remove(before, actor) {
    if (before.id === defaultPipelineId) {
      throw new Problem(
        'invalid_transition',
        'The default pipeline stays; its name and stages can be changed',
      );
    }
    await requireVacant(before, before.stages as Stage[], actor);
    forgetPipeline(actor.caller.tenantId, before.id);
    return [];
  },
};

/** @throws {Problem} `invalid_transition` while a deal stands in one of the stages: one Query of one row for each */
async function requireVacant({ id }: CrmRecord, stages: Stage[], { caller }: Actor): Promise<void> {
  const taken = await mapConcurrently(stages, 8, async (stage) => {
    const { items } = await queryPage({
      table: 'crm',
      index: 'byDeal',
      key: {
        text: 'dealPk = :stage',
        values: { ':stage': `${caller.tenantId}#deal#${id}/${stage.id}` },
      },
      limit: 1,
      descending: true,
    });
    return items.length > 0 ? [stage] : [];
  });
  const names = taken.flat().map((stage) => stage.name);
  if (names.length === 0) return;
  throw new Problem(
    'invalid_transition',
    `There are deals in ${names.join(', ')}; move them to another stage before`,
    { extensions: { stageIds: taken.flat().map((stage) => stage.id) } },
  );
}

/** @throws {Problem} `validation_failed` for tasks that could not be made */
async function requireTypes(tasks: DeclaredTask[], { caller }: Actor): Promise<void> {
  const errors: ProblemDetail[] = [];
  for (const [at, { type: name, input, withDeal }] of tasks.entries()) {
    const type = await findType(caller.tenantId, name);
    const pointer = `/onWon/${at}/type`;
    if (!type)
      errors.push({ pointer, code: 'unknown_type', message: `no task type ${JSON.stringify(name)}` });
    else if (type.executor === 'builtin') {
      errors.push({ pointer, code: 'not_allowed', message: `${name} tasks are made by their own route` });
    } else if (!withDeal) {
      errors.push(...inputErrors(() => requireValidInput(type, input, textOf(input)), `/onWon/${at}`));
    }
  }
  if (errors.length > 0) throw validationFailed(errors);
}

const textOf = (input: unknown) => (input === undefined ? undefined : JSON.stringify(input));

function inputErrors(check: () => void, at: string): ProblemDetail[] {
  try {
    check();
    return [];
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return (error.options.errors ?? []).map((detail) => ({
      ...detail,
      pointer: `${at}${detail.pointer ?? ''}`,
    }));
  }
}
