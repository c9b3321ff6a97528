import type { Actor } from '../../shared/actor.ts';
import { Problem, type ProblemDetail, validationFailed } from '../../shared/problem.ts';
import { requireValidInput } from '../../tasks/types/enforce.ts';
import { findType } from '../../tasks/types/type-registry.ts';
import type { RecordRules } from '../records/rules.ts';
import { barStages } from './closing-stages.ts';
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
    const writes = await barStages(before.id, vacatedStages(before.stages as Stage[], stages), actor);
    forgetPipeline(actor.caller.tenantId, before.id);
    return { record: { ...draft, stages }, writes };
  },
  async remove(before, actor) {
    if (before.id === defaultPipelineId) {
      throw new Problem(
        'invalid_transition',
        'The default pipeline stays; its name and stages can be changed',
      );
    }
    const writes = await barStages(before.id, before.stages as Stage[], actor);
    forgetPipeline(actor.caller.tenantId, before.id);
    return writes;
  },
};

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
