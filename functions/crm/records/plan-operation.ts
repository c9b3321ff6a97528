import * as z from 'zod/mini';
import type { Actor } from '../../shared/actor.ts';
import { parseIfMatch } from '../../shared/etag.ts';
import type { StoredAnswer } from '../../shared/idempotency.ts';
import { Problem, type ProblemDetail, validationFailed } from '../../shared/problem.ts';
import { validate } from '../../shared/validation.ts';
import type { WritePlan } from '../../shared/write-plan.ts';
import type { BatchOperation } from './batch.ts';
import { planCreate } from './create-record.ts';
import { planDelete } from './delete-record.ts';
import type { CrmRecord, EntityDefinition } from './entity.ts';
import { findByUnique } from './find-records.ts';
import { planPatch } from './patch-record.ts';
import { withOwnValue } from './upsert-record.ts';

/** What one operation of a batch is going to do, and the status that says so. @throws {Problem} */
export async function planOperation(
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
  const input = validate(definition.upsert, operation.data, '/data');
  const value = validate(z.string(), input[field] ?? undefined, `/data/${field}`);
  const existing = await findByUnique(definition, field, value, actor);
  if (!existing) {
    const whole = validate(definition.input, operation.data, '/data');
    return { plan: await planCreate(definition, whole, actor), status: 201 };
  }
  const patch = withOwnValue(definition, field, existing, input);
  return { plan: await planPatch(definition, existing.id as string, patch, actor), status: 200 };
}

/** A problem of one operation, with pointers that lead into the whole batch; those of rules lead into a record. */
export function pointInto(problem: Problem, index: number): Problem {
  const errors = problem.options.errors?.map(
    (detail): ProblemDetail =>
      detail.pointer === undefined
        ? detail
        : { ...detail, pointer: `/operations/${index}${belowOperation(detail.pointer)}` },
  );
  if (!errors) return problem;
  // The detail of a validation quotes the first finding with its pointer.
  const quotes = problem.detail === validationFailed(problem.options.errors ?? []).detail;
  const detail = quotes ? validationFailed(errors).detail : problem.detail;
  return new Problem(problem.code, detail, { ...problem.options, errors });
}

function belowOperation(pointer: string): string {
  return /^\/(data|by)(\/|$)/.test(pointer) ? pointer : `/data${pointer}`;
}

/** How an operation ended, as it is kept under its idempotency key. */
export function toStored({ status, data }: { status: number; data?: CrmRecord }): StoredAnswer {
  return { status, headers: {}, body: JSON.stringify(data ?? null) };
}
