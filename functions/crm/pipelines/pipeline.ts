import * as z from 'zod/mini';
import { countedFields } from '../../shared/counted-fields.ts';
import { defineEntity } from '../records/define-entity.ts';
import { text } from '../records/fields.ts';
import { declaredTask, maxDeclaredTasks } from './declared-task.ts';
import { pipelineRules } from './pipeline-rules.ts';
import { maxStages, stageInput, stageOutput } from './stages.ts';

/** The way of a deal from its first stage to its end. Every tenant has one without making it. */
export const pipeline = defineEntity({
  entity: 'pipeline',
  collection: 'pipelines',
  idPrefix: 'pipe',
  required: { name: text(200), stages: z.array(stageInput).check(z.minLength(3), z.maxLength(maxStages)) },
  defaulted: {
    onWon: { schema: z.array(declaredTask).check(z.maxLength(maxDeclaredTasks)), value: [] },
  },
  optional: {},
  answered: { stages: z.array(stageOutput) },
  unique: [],
  references: [],
  nested: {},
  partitions: [],
  counted: [...countedFields.pipeline],
  search: ['name'],
  rules: pipelineRules,
  filters: {},
});
