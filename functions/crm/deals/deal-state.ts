import { type ProblemDetail, validationFailed } from '../../shared/problem.ts';
import { endProbability, type Stage, type StageKind } from '../pipelines/stages.ts';
import type { CrmRecord } from '../records/entity.ts';

/** A stage that a deal came into, and who moved it there. */
export interface StageEntry {
  pipelineId: string;
  stageId: string;
  at: string;
  by: string;
}

/** Stages that a deal remembers; its history (GET /deals/{id}/history) has all of them. */
export const maxStageEntries = 50;

/** The stage that a deal comes into, or `undefined` when it stays where it is. */
export interface Entry {
  stage: Stage;
  at: string;
  by: string;
}

/** Which of a deal's ends has which members; an open deal has none of them. */
const endMembers: Record<StageKind, readonly string[]> = {
  open: [],
  won: ['closedAt', 'wonReason'],
  lost: ['closedAt', 'lostReason'],
};
const allEndMembers = ['closedAt', 'wonReason', 'lostReason'];

/**
 * A deal as its stage has it: status, probability, and the members of its end. Whoever enters an end closes it,
 * whoever leaves one opens it again.
 * @param before absent for a new deal
 * @param draft with what the caller sent
 * @param sent the members that the caller named
 * @param entry the stage that it comes into, if it does; a new deal does
 * @throws {Problem} `validation_failed`: a deal that is lost needs a reason, and what belongs to another end is refused
 */
export function settleDeal(
  before: CrmRecord | undefined,
  draft: CrmRecord,
  sent: Record<string, unknown>,
  entry: Entry | undefined,
): CrmRecord {
  const status = entry ? entry.stage.kind : (before?.status as StageKind);
  const errors: ProblemDetail[] = [];
  const record: CrmRecord = {
    ...draft,
    status,
    probability: probabilityOf(status, draft, sent, entry, errors),
    ...membersOfEnd(before, draft, sent, status, entry?.at, errors),
    ...(entry && stageMembers(draft, entry)),
  };
  if (errors.length > 0) throw validationFailed(errors);
  return record;
}

function probabilityOf(
  status: StageKind,
  draft: CrmRecord,
  sent: Record<string, unknown>,
  entry: Entry | undefined,
  errors: ProblemDetail[],
): unknown {
  const fixed = endProbability[status];
  const given = sent.probability ?? undefined;
  if (fixed === undefined) return given ?? (entry ? entry.stage.probability : draft.probability);
  if (given !== undefined && given !== fixed) {
    const message = `is ${fixed} while the deal is ${status}`;
    errors.push({ pointer: '/probability', code: 'not_allowed', message });
  }
  return fixed;
}

function membersOfEnd(
  before: CrmRecord | undefined,
  draft: CrmRecord,
  sent: Record<string, unknown>,
  status: StageKind,
  at: string | undefined,
  errors: ProblemDetail[],
): Record<string, unknown> {
  const stays = before?.status === status;
  const members = allEndMembers.map((name): [string, unknown] => {
    const given = sent[name] ?? undefined;
    if (endMembers[status].includes(name)) return [name, given ?? (stays ? draft[name] : null)];
    if (given !== undefined) {
      errors.push({
        pointer: `/${name}`,
        code: 'not_allowed',
        message: `is not for a deal that is ${status}`,
      });
    }
    return [name, null];
  });
  const record = Object.fromEntries(members);
  if (status === 'lost' && record.lostReason === null) {
    errors.push({ pointer: '/lostReason', code: 'required', message: 'is required of a deal that is lost' });
  }
  if (status !== 'open' && record.closedAt === null) {
    if (stays) {
      const message = 'cannot be cleared while the deal is closed';
      errors.push({ pointer: '/closedAt', code: 'not_allowed', message });
    }
    record.closedAt = at ?? null;
  }
  return record;
}

/** What entering a stage writes down. */
function stageMembers(draft: CrmRecord, { stage, at, by }: Entry): Record<string, unknown> {
  const entered: StageEntry = { pipelineId: String(draft.pipelineId), stageId: stage.id, at, by };
  const earlier = (draft.stageHistory ?? []) as StageEntry[];
  return {
    stageId: stage.id,
    stageEnteredAt: at,
    stageHistory: [...earlier, entered].slice(-maxStageEntries),
    rottingAt: stage.rotDays === undefined ? null : daysAfter(at, stage.rotDays),
  };
}

/** @param days whole days of 24 hours */
function daysAfter(at: string, days: number): string {
  return new Date(Date.parse(at) + days * 86_400_000).toISOString();
}
