import * as z from 'zod/mini';
import type { Actor } from '../../shared/actor.ts';
import { parseIfMatch } from '../../shared/etag.ts';
import {
  carryOutOnce,
  type IdempotencyKey,
  openBatch,
  type StoredAnswer,
  subKey,
  withReplay,
} from '../../shared/idempotency.ts';
import { log } from '../../shared/logger.ts';
import { mapConcurrently } from '../../shared/map-concurrently.ts';
import { Problem, type ProblemDetail } from '../../shared/problem.ts';
import { validate } from '../../shared/validation.ts';
import type { PlannedWrite, WritePlan } from '../../shared/write-plan.ts';
import { inWaves } from './batch-waves.ts';
import { planCreate } from './create-record.ts';
import { planDelete } from './delete-record.ts';
import type { CrmRecord, EntityDefinition } from './entity.ts';
import { findByUnique } from './find-records.ts';
import { planPatch } from './patch-record.ts';
import { withOwnValue } from './upsert-record.ts';
import { withoutRepeats } from './without-repeats.ts';

export const maxBatchOperations = 100;

/** One operation of a batch; `data` is checked against the entity's schema when its turn comes. */
export const batchOperation = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('create'), data: z.record(z.string(), z.unknown()) }),
  z.strictObject({
    op: z.literal('update'),
    id: z.string(),
    data: z.record(z.string(), z.unknown()),
    ifMatch: z.optional(z.string()),
  }),
  z.strictObject({ op: z.literal('upsert'), by: z.string(), data: z.record(z.string(), z.unknown()) }),
  z.strictObject({ op: z.literal('delete'), id: z.string(), ifMatch: z.optional(z.string()) }),
]);

export const batchInput = z.strictObject({
  operations: z.array(batchOperation).check(z.minLength(1), z.maxLength(maxBatchOperations)),
  /** All or nothing, in one transaction (at most 100 writes: a record with two unique values takes three). */
  atomic: z._default(z.boolean(), false),
});

export type BatchOperation = z.infer<typeof batchOperation>;

/** How one operation ended; `data` is the record, absent after a deletion. */
export interface BatchItemResult {
  index: number;
  status: number;
  data?: CrmRecord;
  problem?: Problem;
}

const concurrency = 8;

/**
 * Every operation by itself, those on one record or unique value in the order of the request; each commits its own
 * idempotency record.
 * @throws {Problem} `idempotency_mismatch`
 */
export async function runBatch(
  definition: EntityDefinition,
  operations: BatchOperation[],
  actor: Actor,
  idempotency: IdempotencyKey | undefined,
): Promise<{ results: BatchItemResult[]; replayed: boolean }> {
  await openBatch(idempotency);
  const results: BatchItemResult[] = [];
  let replayedCount = 0;
  for (const wave of inWaves(definition, operations)) {
    await mapConcurrently(wave, concurrency, async ({ operation, index }) => {
      const key = subKey(idempotency, index);
      const replay = (answer: StoredAnswer): BatchItemResult => {
        replayedCount += 1;
        return { index, ...fromStored(answer) };
      };
      try {
        results[index] = await withReplay(
          key,
          () => runOne(definition, operation, index, actor, key),
          replay,
        );
      } catch (error) {
        const problem = asProblem(error);
        results[index] = { index, status: problem.status, problem: pointInto(problem, index) };
      }
    });
  }
  return { results, replayed: replayedCount === operations.length };
}

/** One operation that goes wrong on our side must not hide what became of the others. */
function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  log().error('operation of a batch failed', { error: error as Error });
  return new Problem('internal', 'Something went wrong on our side with this operation');
}

const raceAttempts = 5;

async function runOne(
  definition: EntityDefinition,
  operation: BatchOperation,
  index: number,
  actor: Actor,
  key: IdempotencyKey | undefined,
): Promise<BatchItemResult> {
  for (let attempt = 1; ; attempt += 1) {
    const { plan, status } = await planOperation(definition, operation, actor);
    const result = operation.op === 'delete' ? { status } : { status, data: plan.result };
    try {
      await carryOutOnce(plan.writes, key, {
        status,
        headers: {},
        body: JSON.stringify(result.data ?? null),
      });
      return { index, ...result };
    } catch (error) {
      const lost = error instanceof Problem && error.code === 'conflict';
      if (!lost || attempt === raceAttempts) throw error;
    }
  }
}

/**
 * All operations in one transaction.
 * @throws {Problem} of the first operation that cannot be done; nothing is changed then
 */
export async function runAtomicBatch(
  definition: EntityDefinition,
  operations: BatchOperation[],
  actor: Actor,
  commit: (writes: PlannedWrite[], results: BatchItemResult[]) => Promise<void>,
): Promise<BatchItemResult[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await tryAtomicBatch(definition, operations, actor, commit);
    } catch (error) {
      // Names a record that was merged: the next plan knows where it is now.
      const merged = error instanceof Problem && error.options.extensions?.mergedInto !== undefined;
      if (!merged || attempt === raceAttempts) throw error;
    }
  }
}

async function tryAtomicBatch(
  definition: EntityDefinition,
  operations: BatchOperation[],
  actor: Actor,
  commit: (writes: PlannedWrite[], results: BatchItemResult[]) => Promise<void>,
): Promise<BatchItemResult[]> {
  const planned = await mapConcurrently(operations, concurrency, async (operation, index) => {
    try {
      const { plan, status } = await planOperation(definition, operation, actor);
      const result: BatchItemResult = {
        index,
        status,
        ...(operation.op !== 'delete' && { data: plan.result }),
      };
      const writes = plan.writes.map(({ write, refused, rank }) => ({
        write,
        ...(rank !== undefined && { rank }),
        refused: (current: Parameters<NonNullable<typeof refused>>[0]) =>
          pointInto(
            refused?.(current) ?? new Problem('conflict', 'A record of the batch was changed meanwhile'),
            index,
          ),
      }));
      return { writes, result };
    } catch (error) {
      throw error instanceof Problem ? pointInto(error, index) : error;
    }
  });
  const writes = withoutRepeats(planned.flatMap((operation) => operation.writes));
  const results = planned.map(({ result }) => result);
  await commit(writes, results);
  return results;
}

async function planOperation(
  definition: EntityDefinition,
  operation: BatchOperation,
  actor: Actor,
): Promise<{ plan: WritePlan<CrmRecord>; status: number }> {
  switch (operation.op) {
    case 'create':
      return {
        plan: await planCreate(definition, validate(definition.input, operation.data, '/data'), actor),
        status: 201,
      };
    case 'update': {
      const patch = validate(definition.patch, operation.data, '/data');
      return {
        plan: await planPatch(definition, operation.id, patch, actor, parseIfMatch(operation.ifMatch)),
        status: 200,
      };
    }
    case 'upsert':
      return planUpsert(definition, operation, actor);
    case 'delete':
      return {
        plan: await planDelete(definition, operation.id, actor, parseIfMatch(operation.ifMatch)),
        status: 204,
      };
  }
}

async function planUpsert(
  definition: EntityDefinition,
  operation: Extract<BatchOperation, { op: 'upsert' }>,
  actor: Actor,
): Promise<{ plan: WritePlan<CrmRecord>; status: number }> {
  const by = z.enum(definition.unique.map(({ field }) => field));
  const field = validate(by, operation.by, '/by');
  const input = validate(definition.input, operation.data, '/data');
  const value = validate(z.string(), input[field] ?? undefined, `/data/${field}`);
  const existing = await findByUnique(definition, field, value, actor);
  if (!existing) return { plan: await planCreate(definition, input, actor), status: 201 };
  const patch = withOwnValue(definition, field, existing, input);
  return { plan: await planPatch(definition, existing.id as string, patch, actor), status: 200 };
}

function pointInto(problem: Problem, index: number): Problem {
  const errors = problem.options.errors?.map(
    (detail): ProblemDetail =>
      detail.pointer === undefined ? detail : { ...detail, pointer: `/operations/${index}${detail.pointer}` },
  );
  return new Problem(problem.code, problem.detail, { ...problem.options, ...(errors && { errors }) });
}

function fromStored({ status, body }: StoredAnswer): { status: number; data?: CrmRecord } {
  const data = JSON.parse(body) as CrmRecord | null;
  return data ? { status, data } : { status };
}
