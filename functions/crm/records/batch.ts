import * as z from 'zod/mini';
import type { Actor } from '../../shared/actor.ts';
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
import { sharedNumbers } from '../../shared/number-source.ts';
import { Problem } from '../../shared/problem.ts';
import type { PlannedWrite, WritePlan } from '../../shared/write-plan.ts';
import { inWaves, type PlacedOperation } from './batch-waves.ts';
import { carryOutPlanned } from './carry-out-planned.ts';
import { createTogether, creationsFirst, inGroups } from './create-together.ts';
import type { CrmRecord, EntityDefinition } from './entity.ts';
import { planOperation, pointInto, toStored } from './plan-operation.ts';
import { touchedTwice } from './touched-twice.ts';
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
  const done = { now: 0, before: 0 };
  const fail = (index: number, error: unknown) => {
    const problem = asProblem(error);
    results[index] = { index, status: problem.status, problem: pointInto(problem, index) };
  };
  const runSingly = async ({ operation, index }: PlacedOperation) => {
    const key = subKey(idempotency, index);
    const replay = (answer: StoredAnswer): BatchItemResult => {
      done.before += 1;
      return { index, ...fromStored(answer) };
    };
    try {
      const run = async () => {
        const result = await runOne(definition, operation, index, actor, key);
        done.now += 1;
        return result;
      };
      results[index] = await withReplay(key, run, replay);
    } catch (error) {
      fail(index, error);
    }
  };
  const runTogether = async (group: PlacedOperation[]) => {
    try {
      const created = await createTogether(definition, group, actor, (index) => subKey(idempotency, index));
      for (const result of created ?? []) results[result.index] = result;
      done.now += created?.length ?? 0;
      // One after the other: all of them would wait for each other's number.
      if (!created) await mapConcurrently(group, 1, runSingly);
    } catch (error) {
      for (const { index } of group) fail(index, error);
    }
  };
  for (const wave of inWaves(definition, operations)) {
    const [numbered, others] = definition.numberPrefix ? creationsFirst(wave) : [[], wave];
    for (const group of inGroups(numbered)) await runTogether(group);
    await mapConcurrently(others, concurrency, runSingly);
  }
  // What was refused has no answer to replay, and was not done then or now.
  return { results, replayed: done.before > 0 && done.now === 0 };
}

/** One operation that goes wrong on our side must not hide what became of the others. */
function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  log().error('operation of a batch failed', { error: error as Error });
  return new Problem('internal', 'Something went wrong on our side with this operation');
}

async function runOne(
  definition: EntityDefinition,
  operation: BatchOperation,
  index: number,
  actor: Actor,
  key: IdempotencyKey | undefined,
): Promise<BatchItemResult> {
  return carryOutPlanned(
    async () => {
      const { plan, status } = await planOperation(definition, operation, actor);
      const data = operation.op === 'delete' ? {} : { data: plan.result };
      return { writes: plan.writes, result: { index, status, ...data } };
    },
    ({ writes, result }) => carryOutOnce(writes, key, toStored(result)),
  );
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
  return carryOutPlanned(
    () => planAtomicBatch(definition, operations, actor),
    ({ writes, result }) => commit(writes, result),
  );
}

async function planAtomicBatch(
  definition: EntityDefinition,
  operations: BatchOperation[],
  actor: Actor,
): Promise<WritePlan<BatchItemResult[]>> {
  const numbers = sharedNumbers();
  const creations = operations.filter(({ op }) => op === 'create');
  const planned = await mapConcurrently(operations, concurrency, async (operation, index) => {
    try {
      const slot = { ...actor, numbers: numbers(creations.indexOf(operation)) };
      const { plan, status } = await planOperation(definition, operation, slot);
      const result: BatchItemResult = {
        index,
        status,
        ...(operation.op !== 'delete' && { data: plan.result }),
      };
      return { writes: plan.writes.map((planned) => pointedInto(planned, index)), result };
    } catch (error) {
      throw error instanceof Problem ? pointInto(error, index) : error;
    }
  });
  return {
    writes: withoutRepeats(
      planned.flatMap(({ writes }) => writes),
      (earlier, later) => {
        const indexOf = (write: PlannedWrite) => planned.findIndex(({ writes }) => writes.includes(write));
        return touchedTwice(later.write, indexOf(earlier), indexOf(later));
      },
    ),
    result: planned.map(({ result }) => result),
  };
}

function pointedInto({ refused, ...planned }: PlannedWrite, index: number): PlannedWrite {
  return {
    ...planned,
    refused: (current) =>
      pointInto(
        refused?.(current) ?? new Problem('conflict', 'A record of the batch was changed meanwhile'),
        index,
      ),
  };
}

function fromStored({ status, body }: StoredAnswer): { status: number; data?: CrmRecord } {
  const data = JSON.parse(body) as CrmRecord | null;
  return data ? { status, data } : { status };
}
