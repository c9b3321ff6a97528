import * as z from 'zod/mini';
import { Problem, type ProblemDetail, validationFailed } from '../../shared/problem.ts';
import { dependencyFailures } from '../dependencies/rules.ts';
import { described, instant, line, typeName, wholeNumber } from '../fields.ts';

/** DynamoDB ends an item at 400 KB; this leaves room for the result and the history beside it. */
export const maxInputBytes = 256 * 1024;

/** Tasks that one can depend on: each is an edge in the transaction that makes it. */
export const maxParents = 50;

/** The records that a task can be about, with the prefix of their ids. */
export const aboutPrefixes = { contact: 'con', company: 'com', deal: 'deal' } as const;

/** The record that a task is about. */
export const aboutRecord = z.strictObject({
  type: z.enum(Object.keys(aboutPrefixes) as (keyof typeof aboutPrefixes)[]),
  id: line(64),
});

/** What a caller says of a new task. */
export const enqueueInput = z.strictObject({
  type: described(typeName, 'A registered task type, or a built-in one such as `todo`.'),
  input: described(
    z.optional(z.unknown()),
    `Any JSON, up to ${maxInputBytes} bytes; it goes through unchanged.`,
  ),
  title: z.optional(line(200)),
  priority: described(
    z._default(wholeNumber(-100, 100), 0),
    "A head start: each step is worth the type's `priorityWeightSeconds`.",
  ),
  runAt: described(z.optional(instant), 'Not to be claimed before.'),
  delaySeconds: described(z.optional(wholeNumber(0, 31_536_000)), 'The same as `runAt`, from now.'),
  startBy: described(z.optional(instant), 'When nobody has claimed it by then, it expires.'),
  deadline: described(z.optional(instant), 'When it has not ended by then, it expires.'),
  dedupeKey: described(
    z.optional(line(200)),
    'While a task of this type with this key lives, it is answered instead of a new one.',
  ),
  dependsOn: described(
    z.optional(z.array(line(100)).check(z.maxLength(maxParents))),
    'Ids of tasks: it is blocked until all of them have ended.',
  ),
  onDependencyFailure: described(
    z.optional(z.enum(dependencyFailures)),
    'When one of them ends otherwise than completed: `cancel` (the default) ends this one too, `run` takes it as done, `block` waits until it is retried and completes.',
  ),
  maxAttempts: described(z.optional(wholeNumber(1, 100)), "The type's own when left out."),
  assigneeId: z.optional(line(128)),
  dueAt: described(z.optional(instant), 'When a person should be done; nothing happens by itself.'),
  about: z.optional(aboutRecord),
});

export type EnqueueInput = z.infer<typeof enqueueInput>;

/** The parts of the input that only make sense together; times are compared with one `now`. */
export function checkEnqueue(input: EnqueueInput, nowMillis: number): void {
  const errors: ProblemDetail[] = [];
  const invalid = (pointer: string, message: string) =>
    errors.push({ pointer, code: 'invalid_value', message });
  if (input.runAt !== undefined && input.delaySeconds !== undefined) {
    invalid('/delaySeconds', 'cannot be given together with runAt');
  }
  const start = startMillis(input, nowMillis);
  for (const name of ['startBy', 'deadline'] as const) {
    const value = input[name];
    if (value !== undefined && Date.parse(value) <= Math.max(start, nowMillis)) {
      invalid(`/${name}`, start > nowMillis ? 'must be later than the start' : 'must be in the future');
    }
  }
  errors.push(...aboutErrors(input.about));
  const parents = input.dependsOn ?? [];
  for (const [at, id] of parents.entries()) {
    if (parents.indexOf(id) < at) {
      errors.push({ pointer: `/dependsOn/${at}`, code: 'repeated', message: 'is given more than once' });
    }
  }
  if (errors.length > 0) throw validationFailed(errors);
}

/** What is wrong with the record that a task is to be about; whether it exists is not asked. */
export function aboutErrors(about: EnqueueInput['about']): ProblemDetail[] {
  if (!about) return [];
  const prefix = aboutPrefixes[about.type];
  if (new RegExp(`^${prefix}_[0-9A-Z]{26}$`).test(about.id)) return [];
  const message = `must be the id of a ${about.type}, such as ${prefix}_01H…`;
  return [{ pointer: '/about/id', code: 'invalid_value', message }];
}

/** A record as a task stores what it is about. */
export const aboutText = ({ type, id }: z.infer<typeof aboutRecord>) => `${type}:${id}`;

/** When the task may start, epoch milliseconds; never before now. */
export function startMillis(input: EnqueueInput, nowMillis: number): number {
  if (input.runAt !== undefined) return Math.max(nowMillis, Date.parse(input.runAt));
  return nowMillis + (input.delaySeconds ?? 0) * 1_000;
}

/**
 * JSON text of a value that came in losslessly.
 * @throws {Problem} `payload_too_large` naming the limit
 */
export function jsonText(value: unknown, what: string, limitBytes: number): string | undefined {
  if (value === undefined) return undefined;
  const text = JSON.stringify(value);
  const size = Buffer.byteLength(text);
  if (size <= limitBytes) return text;
  throw new Problem('payload_too_large', `The ${what} has ${size} bytes and the limit is ${limitBytes}`, {
    extensions: { limitBytes },
    errors: [
      { pointer: `/${what}`, code: 'too_large', message: `must have at most ${limitBytes} bytes as JSON` },
    ],
  });
}
