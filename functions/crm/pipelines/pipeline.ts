import * as z from 'zod/mini';
import { countedFields } from '../../shared/counted-fields.ts';
import { line, typeName, wholeNumber } from '../../tasks/fields.ts';
import { defineEntity } from '../records/define-entity.ts';
import { text } from '../records/fields.ts';
import { storableObject } from './storable-json.ts';

/** Which end of the work a stage is, if any. */
export const stageKinds = ['open', 'won', 'lost'] as const;
export type StageKind = (typeof stageKinds)[number];

/** A stage as callers write it; what is left out is filled in when the pipeline is saved. */
const stage = z.strictObject({
  /** Made of the name when left out. Never `#` or `/`, which separate the parts of keys. */
  id: z.optional(
    z
      .string()
      .check(
        z.maxLength(40),
        z.regex(/^[a-z0-9][a-z0-9_-]*$/, 'must be lower-case letters, digits, "-" or "_"'),
      ),
  ),
  name: text(100),
  kind: z.enum(stageKinds),
  /** Per cent; needed for an open stage, 100 when won, 0 when lost. */
  probability: z.optional(wholeNumber(0, 100)),
  /** Days in an open stage after which a deal is rotting; never when left out. */
  rotDays: z.optional(wholeNumber(1, 3_650)),
});

/** A task that every deal of the pipeline gets when it is won. */
const declaredTask = z.strictObject({
  type: typeName,
  title: z.optional(line(200)),
  /** Goes to the task as it is, with the deal added as its member `deal`. */
  input: z.optional(storableObject(16_384)),
  priority: z.optional(wholeNumber(-100, 100)),
  delaySeconds: z.optional(wholeNumber(0, 31_536_000)),
  dueInDays: z.optional(wholeNumber(0, 3_650)),
  /** `owner` is the deal's owner. */
  assigneeId: z.optional(line(128)),
});

export interface Stage {
  id: string;
  name: string;
  kind: StageKind;
  probability: number;
  rotDays?: number;
}
export type DeclaredTask = z.infer<typeof declaredTask>;

/** The way of a deal from its first stage to its end. */
export const pipeline = defineEntity({
  entity: 'pipeline',
  collection: 'pipelines',
  idPrefix: 'pipe',
  required: { name: text(200), stages: z.array(stage).check(z.minLength(3), z.maxLength(30)) },
  defaulted: { onWon: { schema: z.array(declaredTask).check(z.maxLength(10)), value: [] } },
  optional: {},
  unique: [],
  references: [],
  nested: {},
  partitions: [],
  counted: [...countedFields.pipeline],
  search: ['name'],
  filters: {},
});
