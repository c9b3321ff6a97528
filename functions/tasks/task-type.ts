import * as z from 'zod/mini';
import type { RetryPolicy } from './backoff.ts';
import { described, typeName, wholeNumber } from './fields.ts';
import { type Executor, executors } from './task.ts';

/** The executors that callers can register types for; built-in types come with the service. */
const registrable = ['worker', 'person'] as const;

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
export const taskTypeInput = z.strictObject({
  description: z.optional(z.string().check(z.maxLength(2_000))),
  executor: described(
    z._default(z.enum(registrable), 'worker'),
    'Who does the tasks: `worker`, programs that claim them; `person`, people who complete them by hand.',
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
});

export type TaskTypeInput = z.infer<typeof taskTypeInput>;

/** A type, at one version. */
export interface TaskType {
  name: string;
  version: number;
  /** Comes with the service; cannot be changed. */
  builtIn: boolean;
  description: string | null;
  executor: Executor;
  leaseSeconds: number;
  retry: RetryPolicy;
  priorityWeightSeconds: number;
  retentionDays: number;
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
  leaseSeconds: z.int(),
  retry,
  priorityWeightSeconds: z.int(),
  retentionDays: z.int(),
  createdAt: z.string(),
  updatedAt: z.string(),
  createdBy: z.string(),
  updatedBy: z.string(),
});

const always = {
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
      name: 'contacts.import',
      description: 'Reads contacts from a CSV file. Made by POST /api/v1/imports.',
      executor: 'builtin' as const,
      // Longer than the runner's time limit, so that its lease never ends while it works.
      leaseSeconds: 120,
    },
  ].map((type) => [type.name, type]),
);
