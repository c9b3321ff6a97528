import {
  carryOutOnce,
  type IdempotencyKey,
  requestFingerprint,
  type StoredAnswer,
  withReplay,
} from '../shared/idempotency.ts';
import { validationFailed } from '../shared/problem.ts';
import type { PlannedWrite } from '../shared/write-plan.ts';
import type { FieldCall } from './field.ts';

/** Writes what a mutation does together with the answer that a repetition gets. */
export type CommitOnce = (writes: PlannedWrite[], answer: unknown) => Promise<void>;

/** Runs a mutation that may carry an `idempotencyKey`; the same key again gives the first answer. */
export function once<T>(field: string, call: FieldCall, run: (commit: CommitOnce) => Promise<T>): Promise<T> {
  const idempotency = keyOf(field, call);
  return withReplay(
    idempotency,
    () => run((writes, answer) => carryOutOnce(writes, idempotency, stored(answer))),
    ({ body }) => JSON.parse(body) as T,
  );
}

function stored(answer: unknown): StoredAnswer {
  return { status: 200, headers: {}, body: JSON.stringify(answer) };
}

function keyOf(field: string, { caller, args }: FieldCall): IdempotencyKey | undefined {
  const { idempotencyKey: key, tenantId: _tenantId, ...rest } = args;
  if (key === undefined || key === null) return undefined;
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw validationFailed([
      {
        parameter: 'idempotencyKey',
        code: 'invalid_format',
        message: 'must be 1 to 255 printable ASCII characters without spaces',
      },
    ]);
  }
  return {
    tenantId: caller.tenantId,
    subject: caller.subject,
    key,
    fingerprint: requestFingerprint('graphql', field, JSON.stringify(rest)),
  };
}
