import * as z from 'zod/mini';
import { validationFailed } from '../../shared/problem.ts';
import { described, instant, line, typeName, wholeNumber } from '../fields.ts';

export const redriveType = 'dead-letters.redrive';

const filter = z.strictObject({
  type: z.optional(typeName),
  errorCode: z.optional(line(100)),
  from: described(z.optional(instant), 'Died at this instant or later.'),
  to: described(z.optional(instant), 'Died before this instant; at most now.'),
});

export const redriveInput = z.strictObject({
  ids: described(
    z.optional(z.array(line(64)).check(z.minLength(1), z.maxLength(1_000))),
    'Tasks by their ids; or else a filter.',
  ),
  filter: described(z.optional(filter), 'All dead letters that match; `{}` is all there are.'),
  ratePerSecond: described(z._default(wholeNumber(1, 1_000), 50), 'At most so many tasks a second.'),
  dryRun: described(z._default(z.boolean(), false), 'Finds out what would happen and changes nothing.'),
  input: described(
    z.optional(z.unknown()),
    "Instead of the input that each of the tasks has; checked against the schema of the task's type.",
  ),
});

export type RedriveInput = z.infer<typeof redriveInput>;

/** What the task of a redrive is given: the request, and what bounds it. */
export const redriveOrder = z.strictObject({
  ...redriveInput.shape,
  /** Deaths from then on are none of its business: no task goes round in it. */
  before: z.string(),
  /** The types that the key of whoever asked is limited to. */
  taskTypes: z.optional(z.array(z.string())),
});

export type RedriveOrder = z.infer<typeof redriveOrder>;

/** The parts that only make sense together. @throws {Problem} `validation_failed` */
export function checkRedrive({ ids, filter: given }: RedriveInput): void {
  if (ids && given) {
    throw validationFailed([
      { pointer: '/filter', code: 'invalid_value', message: 'cannot be given together with ids' },
    ]);
  }
  if (!ids && !given) {
    throw validationFailed([
      { pointer: '/filter', code: 'required', message: 'is required, or ids in its place' },
    ]);
  }
  if (given?.from !== undefined && given.to !== undefined && given.from >= given.to) {
    throw validationFailed([
      { pointer: '/filter/to', code: 'invalid_value', message: 'must be later than from' },
    ]);
  }
}
