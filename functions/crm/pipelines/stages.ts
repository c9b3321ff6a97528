import * as z from 'zod/mini';
import { type ProblemDetail, validationFailed } from '../../shared/problem.ts';
import { described, wholeNumber } from '../../tasks/fields.ts';
import { text } from '../records/fields.ts';
import { nameKey } from '../records/normalise.ts';

/** Which end of the work a stage is, if any. */
export const stageKinds = ['open', 'won', 'lost'] as const;
export type StageKind = (typeof stageKinds)[number];

/** Never `#` or `/`, which separate the parts of keys. */
const stageId = z
  .string()
  .check(z.maxLength(40), z.regex(/^[a-z0-9][a-z0-9_-]*$/, 'must be lower-case letters, digits, "-" or "_"'));

/** A stage as callers write it; what is left out is filled in when the pipeline is saved. */
export const stageInput = z.strictObject({
  id: described(z.optional(stageId), 'Made of the name when left out.'),
  name: text(100),
  kind: z.enum(stageKinds),
  probability: described(
    z.optional(wholeNumber(0, 100)),
    'Per cent; needed for an open stage, 100 when won, 0 when lost.',
  ),
  rotDays: described(
    z.optional(wholeNumber(1, 3_650)),
    'Days in an open stage after which a deal is rotting; never when left out.',
  ),
});

/** A stage as it is kept. */
export const stageOutput = z.strictObject({
  id: stageId,
  name: text(100),
  kind: z.enum(stageKinds),
  probability: wholeNumber(0, 100),
  rotDays: z.optional(wholeNumber(1, 3_650)),
});
export type Stage = z.infer<typeof stageOutput>;

/** A board with more columns helps nobody; a pipeline is looked through stage by stage before it goes. */
export const maxStages = 30;

/** What an end of the work is worth, in per cent; an open stage says so itself. */
export const endProbability: Record<StageKind, number | undefined> = { open: undefined, won: 100, lost: 0 };

/**
 * The stages of a pipeline with what callers may leave out: an id made of the name, the probability of an end.
 * @throws {Problem} `validation_failed`
 */
export function completeStages(stages: z.infer<typeof stageInput>[]): Stage[] {
  const errors: ProblemDetail[] = [];
  const wrong = (pointer: string, code: string, message: string) => errors.push({ pointer, code, message });
  const ids = new Set<string>();
  for (const [at, { id }] of stages.entries()) {
    if (id === undefined) continue;
    if (ids.has(id)) wrong(`/stages/${at}/id`, 'repeated', 'is the id of another stage');
    ids.add(id);
  }
  const completed = stages.map(({ id, name, kind, probability, rotDays }, at): Stage => {
    const fixed = endProbability[kind];
    if (fixed === undefined && probability === undefined) {
      wrong(`/stages/${at}/probability`, 'required', 'is required of an open stage');
    }
    if (fixed !== undefined && probability !== undefined && probability !== fixed) {
      wrong(`/stages/${at}/probability`, 'invalid_value', `is ${fixed} in a ${kind} stage`);
    }
    if (kind !== 'open' && rotDays !== undefined) {
      wrong(`/stages/${at}/rotDays`, 'not_allowed', 'is for open stages');
    }
    return {
      id: id ?? newStageId(name, ids),
      name,
      kind,
      probability: fixed ?? probability ?? 0,
      ...(rotDays !== undefined && { rotDays }),
    };
  });
  for (const kind of stageKinds) {
    if (!stages.some((stage) => stage.kind === kind)) {
      wrong('/stages', 'missing_stage', `must have a stage of the kind ${kind}`);
    }
  }
  if (errors.length > 0) throw validationFailed(errors);
  return completed;
}

/** E.g. `closed-won`, `closed-won-2`. */
function newStageId(name: string, taken: Set<string>): string {
  const slug =
    nameKey(name)
      .replace(/[^a-z0-9]+/g, '-')
      .slice(0, 36)
      .replace(/^-+|-+$/g, '') || 'stage';
  let id = slug;
  for (let number = 2; taken.has(id); number += 1) id = `${slug}-${number}`;
  taken.add(id);
  return id;
}

/** The stages that may only go while no deal stands in them: those that are left out, and those of another kind now. */
export function vacatedStages(before: Stage[], after: Stage[]): Stage[] {
  return before.filter((stage) => after.find(({ id }) => id === stage.id)?.kind !== stage.kind);
}
