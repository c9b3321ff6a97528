import type { Actor } from '../../shared/actor.ts';
import { type IdempotencyKey, keptAnswer } from '../../shared/idempotency.ts';
import { mapConcurrently } from '../../shared/map-concurrently.ts';
import { sharedNumbers } from '../../shared/number-source.ts';
import { Problem } from '../../shared/problem.ts';
import { carryOut, type WritePlan } from '../../shared/write-plan.ts';
import type { BatchItemResult } from './batch.ts';
import type { PlacedOperation } from './batch-waves.ts';
import { carryOutPlanned } from './carry-out-planned.ts';
import type { EntityDefinition } from './entity.ts';
import { planOperation, toStored } from './plan-operation.ts';
import { withoutRepeats } from './without-repeats.ts';

/** A record, its idempotency key, its customer, its order: about four writes of a transaction's hundred each. */
const groupSize = 20;

/** The creations of a wave in the order of the request, and the rest. */
export function creationsFirst(wave: PlacedOperation[]): [PlacedOperation[], PlacedOperation[]] {
  const isCreation = ({ operation }: PlacedOperation) => operation.op === 'create';
  return [wave.filter(isCreation), wave.filter((placed) => !isCreation(placed))];
}

export function inGroups(operations: PlacedOperation[]): PlacedOperation[][] {
  return Array.from({ length: Math.ceil(operations.length / groupSize) }, (_, at) =>
    operations.slice(at * groupSize, (at + 1) * groupSize),
  );
}

/**
 * Creates several records with numbers in one transaction: each alone would have to wait until the one before has
 * moved the counter.
 * @returns undefined when one of them cannot be done, or not beside the others; nothing has happened then
 */
export async function createTogether(
  definition: EntityDefinition,
  group: PlacedOperation[],
  actor: Actor,
  keyOf: (index: number) => IdempotencyKey | undefined,
): Promise<BatchItemResult[] | undefined> {
  if (group.length < 2) return undefined;
  try {
    return await carryOutPlanned(
      () => planTogether(definition, group, actor, keyOf),
      ({ writes }) => carryOut(writes),
    );
  } catch (error) {
    // What is not sure to have done nothing must not be done again.
    if (error instanceof Problem && error.code !== 'unavailable') return undefined;
    throw error;
  }
}

async function planTogether(
  definition: EntityDefinition,
  group: PlacedOperation[],
  actor: Actor,
  keyOf: (index: number) => IdempotencyKey | undefined,
): Promise<WritePlan<BatchItemResult[]>> {
  const numbers = sharedNumbers();
  // All at once: what they read is then read together.
  const planned = await mapConcurrently(group, groupSize, async ({ operation, index }, slot) => {
    const { plan, status } = await planOperation(definition, operation, { ...actor, numbers: numbers(slot) });
    const result: BatchItemResult = { index, status, data: plan.result };
    const key = keyOf(index);
    return { result, writes: [...(key ? [keptAnswer(key, toStored(result))] : []), ...plan.writes] };
  });
  return {
    writes: withoutRepeats(planned.flatMap(({ writes }) => writes)),
    result: planned.map(({ result }) => result),
  };
}
