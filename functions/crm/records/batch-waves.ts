import type { BatchOperation } from './batch.ts';
import type { EntityDefinition } from './entity.ts';

/** An operation with its place in the request. */
export interface PlacedOperation {
  operation: BatchOperation;
  index: number;
}

/**
 * Splits a batch into groups that are done one after another, so that operations on one record or one unique value
 * take effect in the order of the request; within a group nothing touches anything of another.
 * A deletion stands alone: which unique values it frees is only known when it is done.
 */
export function inWaves(definition: EntityDefinition, operations: BatchOperation[]): PlacedOperation[][] {
  const waves: PlacedOperation[][] = [];
  let touched = new Set<string>();
  let open = false;
  for (const [index, operation] of operations.entries()) {
    const names = namesOf(definition, operation);
    const alone = operation.op === 'delete';
    if (!open || alone || names.some((name) => touched.has(name))) {
      waves.push([]);
      touched = new Set();
    }
    waves.at(-1)?.push({ operation, index });
    for (const name of names) touched.add(name);
    open = !alone;
  }
  return waves;
}

/** What an operation touches: a record by its id, unique values by their normalised form. */
function namesOf(definition: EntityDefinition, operation: BatchOperation): string[] {
  const id = 'id' in operation ? [`id ${operation.id}`] : [];
  if (operation.op === 'delete') return id;
  const values = definition.unique.flatMap(({ field, normalise }) => {
    const value = operation.data[field];
    return typeof value === 'string' ? [`${field} ${normalise(value)}`] : [];
  });
  return [...id, ...values];
}
