import * as z from 'zod/mini';
import { described, line, typeName, wholeNumber } from '../../tasks/fields.ts';
import { storableObject } from './storable-json.ts';

const maxInputBytes = 16_384;

/** A task that every deal of a pipeline gets when it is won. */
export const declaredTask = z.strictObject({
  type: described(typeName, 'A registered task type, or `todo`.'),
  title: z.optional(line(200)),
  input: z.optional(storableObject(maxInputBytes)),
  withDeal: described(
    z.optional(z.boolean()),
    'Adds the deal to the input as its member `deal`: id, title, amount, currency, pipelineId, stageId, contactId, companyId, ownerId.',
  ),
  priority: z.optional(wholeNumber(-100, 100)),
  delaySeconds: z.optional(wholeNumber(0, 31_536_000)),
  dueInDays: z.optional(wholeNumber(0, 3_650)),
  assigneeId: described(z.optional(line(128)), "The subject of a member; `owner` is the deal's owner."),
});

export type DeclaredTask = z.infer<typeof declaredTask>;

/** Of one pipeline: each is a write of the transaction in which a deal is won. */
export const maxDeclaredTasks = 10;
