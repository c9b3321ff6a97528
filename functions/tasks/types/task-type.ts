import * as z from 'zod/mini';
import { described, typeName, wholeNumber } from '../fields.ts';
import type { RetryPolicy } from '../lease/backoff.ts';
import { type Executor, executors } from '../task.ts';
import {
  definitionRules,
  type HttpTarget,
  httpTarget,
  httpTargetInput,
  type JsonSchema,
  jsonSchema,
  type RateLimit,
  rateLimit,
} from './definition.ts';

/** The executors that callers can register types for; built-in types come with the service. */
const registrable = ['worker', 'http', 'person'] as const;

const seconds = (min: number, max: number) => z.number().check(z.gte(min), z.lte(max));

const retry = z.strictObject({
  maxAttempts: z._default(wholeNumber(1, 100), 5),
  initialSeconds: described(z._default(seconds(0, 86_400), 2), 'Wait before the second attempt.'),
  factor: z._default(seconds(1, 10), 2),
  maxSeconds: z._default(seconds(0, 604_800), 900),
  jitter: z._default(z.boolean(), true),
});

export const defaultRetry: RetryPolicy = {
  maxAttempts: 5,
  initialSeconds: 2,
  factor: 2,
  maxSeconds: 900,
  jitter: true,
};

/** What a caller says of a type. */
export const taskTypeInput = z
  .strictObject({
    description: z.nullish(z.string().check(z.maxLength(2_000))),
    executor: described(
      z._default(z.enum(registrable), 'worker'),
      'Who does the tasks: `worker`, programs that claim them; `http`, a URL that the service calls; `person`, people who complete them by hand.',
    ),
    http: described(
      z.nullish(httpTargetInput),
      'What is called; needed with the executor `http`, and only there.',
    ),
    inputSchema: described(
      z.nullish(jsonSchema),
      'JSON Schema 2020-12 that the input of a task must satisfy; `null` accepts anything.',
    ),
    resultSchema: described(
      z.nullish(jsonSchema),
      'JSON Schema 2020-12 that a result must satisfy; `null` accepts anything.',
    ),
    leaseSeconds: described(
      z._default(wholeNumber(1, 43_200), 30),
      'How long a lease lasts unless the claim says otherwise.',
    ),
    retry: z._default(retry, defaultRetry),
    priorityWeightSeconds: described(
      z._default(wholeNumber(0, 86_400), 60),
      'The head start, in seconds, that one step of priority is worth.',
    ),
    retentionDays: described(z._default(wholeNumber(1, 3_650), 30), 'How long ended tasks are kept.'),
    readyShards: described(
      z.optional(wholeNumber(1, 16)),
      'Parts of the queue of a busy type: each takes about 1 000 writes a second. 1 for a new type; left out, it stays; it can grow and never shrink.',
    ),
    concurrency: described(
      z.nullish(wholeNumber(1, 500)),
      'Tasks that may be worked on at one time; `null`: any number.',
    ),
    rateLimit: described(z.nullish(rateLimit), 'Starts for each period of time; `null`: any number.'),
  })
  .check(definitionRules);

export type TaskTypeInput = z.infer<typeof taskTypeInput>;

/** A type, at one version. */
export interface TaskType {
  name: string;
  version: number;
  /** Comes with the service; cannot be changed. */
  builtIn: boolean;
  description: string | null;
  executor: Executor;
  /** Present with the executor `http` only. */
  http: HttpTarget | null;
  /** JSON Schema 2020-12; numbers that a double cannot hold are raw (json.ts). `null` accepts anything. */
  inputSchema: JsonSchema | null;
  resultSchema: JsonSchema | null;
  leaseSeconds: number;
  retry: RetryPolicy;
  priorityWeightSeconds: number;
  retentionDays: number;
  /** Parts of the ready index; never fewer than in an earlier version. */
  readyShards: number;
  /** Leases at one time. */
  concurrency: number | null;
  /** Starts for each period. */
  rateLimit: RateLimit | null;
  createdAt: string;
  updatedAt: string;
  createdBy: string;
  updatedBy: string;
}

export const taskTypeOutput = z.strictObject({
  name: typeName,
  version: z.int(),
  builtIn: z.boolean(),
  description: z.nullable(z.string()),
  executor: z.enum(executors),
  http: z.nullable(httpTarget),
  inputSchema: z.nullable(jsonSchema),
  resultSchema: z.nullable(jsonSchema),
  leaseSeconds: z.int(),
  retry,
  priorityWeightSeconds: z.int(),
  retentionDays: z.int(),
  readyShards: z.int(),
  concurrency: z.nullable(z.int()),
  rateLimit: z.nullable(rateLimit),
  createdAt: z.string(),
  updatedAt: z.string(),
  createdBy: z.string(),
  updatedBy: z.string(),
});

/** What members mean that types registered by an earlier release do not have. */
export const absentMembers = {
  http: null,
  inputSchema: null,
  resultSchema: null,
  readyShards: 1,
  concurrency: null,
  rateLimit: null,
} as const;

/** The answer when a type is put: a new one of the executor `http` has its secret in it. */
export const putTaskTypeOutput = z.extend(taskTypeOutput, {
  http: z.nullable(
    z.extend(httpTarget, {
      secret: described(
        z.optional(z.string()),
        'whsec_… of Standard Webhooks; it signs every call. Only in the answer that registers the type: rotate it when it is lost.',
      ),
    }),
  ),
});

const always = {
  ...absentMembers,
  version: 1,
  builtIn: true,
  priorityWeightSeconds: 60,
  retentionDays: 30,
  retry: defaultRetry,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
  createdBy: 'system',
  updatedBy: 'system',
};

/** The types that every tenant has without registering them. */
export const builtInTypes: ReadonlyMap<string, TaskType> = new Map(
  [
    {
      ...always,
      name: 'todo',
      description: 'Something that a person has to do.',
      executor: 'person' as const,
      leaseSeconds: 30,
    },
    {
      ...always,
      name: 'records.import',
      description: 'Reads records from a CSV or NDJSON file. Made by POST /api/v1/imports.',
      executor: 'builtin' as const,
      // Longer than the runner's time limit, so that its lease never ends while it works.
      leaseSeconds: 120,
    },
    {
      ...always,
      name: 'contacts.merge',
      description:
        'Moves what refers to merged contacts. Made by POST /api/v1/contacts/merge and its undoing.',
      executor: 'builtin' as const,
      leaseSeconds: 120,
    },
    {
      ...always,
      name: 'records.export',
      description: 'Writes records into a CSV or NDJSON file. Made by POST /api/v1/exports.',
      executor: 'builtin' as const,
      leaseSeconds: 120,
    },
    {
      ...always,
      name: 'counters.rebuild',
      description: 'Counts the records and tasks anew. Made by POST /api/system/counters/rebuild.',
      executor: 'builtin' as const,
      leaseSeconds: 120,
    },
    {
      ...always,
      name: 'contacts.rescore',
      description: 'Computes the scores of all contacts. Made by POST /api/v1/contacts/rescore.',
      executor: 'builtin' as const,
      leaseSeconds: 120,
    },
    {
      ...always,
      name: 'dead-letters.redrive',
      description: 'Makes dead tasks ready again. Made by POST /api/v1/dead-letters/redrive.',
      executor: 'builtin' as const,
      leaseSeconds: 120,
    },
  ].map((type) => [type.name, type]),
);
