import { auditWrite } from '../../platform/audit/audit-write.ts';
import type { Actor } from '../../shared/actor.ts';
import { instant } from '../../shared/clock.ts';
import { getItem } from '../../shared/dynamo/table.ts';
import { type PutConditions, requireConditions } from '../../shared/etag.ts';
import { Problem, validationFailed } from '../../shared/problem.ts';
import { carryOut } from '../../shared/write-plan.ts';
import { planFirstSecret } from '../push/type-secret.ts';
import { canonicalJson } from './canonical-json.ts';
import { checkSchema } from './check-schema.ts';
import { builtInTypes, type TaskType, type TaskTypeInput } from './task-type.ts';
import { currentKey, toStored, toType, versionKey } from './type-registry.ts';
import { requireTypeScope } from './type-scope.ts';

/** A type as it was put. */
export interface PutType {
  created: boolean;
  type: TaskType;
  /** What signs the calls of a new `http` type; not to be had again. */
  secret?: string;
}

/**
 * Registers a type or gives it a new version. The same definition again changes nothing.
 * @throws {Problem} `conflict` for a built-in type, another executor or fewer shards, `precondition_failed`,
 * `forbidden` for a key of other types, `validation_failed` for schemas that cannot be worked with
 */
export async function putType(
  name: string,
  input: TaskTypeInput,
  actor: Actor,
  conditions: PutConditions = {},
): Promise<PutType> {
  const { caller } = actor;
  requireTypeScope(caller, name);
  if (builtInTypes.has(name)) {
    throw new Problem('conflict', `The task type ${name} comes with the service and cannot be changed`);
  }
  const item = await getItem('platform', currentKey(caller.tenantId, name));
  const before = item && toType(item);
  requireConditions(conditions, before?.version);
  if (before) requireSameExecutor(before, input);
  const definition = definitionOf(input, before);
  if (before && sameDefinition(before, definition)) return { created: false, type: before };
  requireSoundSchemas(definition);
  const at = instant();
  const type: TaskType = {
    name,
    builtIn: false,
    ...definition,
    version: (before?.version ?? 0) + 1,
    createdAt: before?.createdAt ?? at,
    createdBy: before?.createdBy ?? caller.subject,
    updatedAt: at,
    updatedBy: caller.subject,
  };
  const signing = before || !type.http ? undefined : await planFirstSecret(caller.tenantId, name);
  await carryOut([
    {
      write: {
        kind: 'put',
        table: 'platform',
        item: { ...currentKey(caller.tenantId, name), ...toStored(type) },
        condition: before
          ? {
              text: '#version = :version',
              names: { '#version': 'version' },
              values: { ':version': before.version },
            }
          : { text: 'attribute_not_exists(pk)' },
      },
    },
    {
      write: {
        kind: 'put',
        table: 'platform',
        item: { ...versionKey(caller.tenantId, name, type.version), ...toStored(type) },
      },
    },
    ...(signing ? [signing.write] : []),
    auditWrite(actor, {
      action: before ? 'updated' : 'created',
      entity: 'task_type',
      id: name,
      details: { version: type.version, executor: type.executor },
    }),
  ]);
  return { created: !before, type, ...(signing && { secret: signing.secret }) };
}

/** Its tasks stand where their executor looks for them, and nobody else would find or settle them. */
function requireSameExecutor({ name, executor }: TaskType, input: TaskTypeInput): void {
  if (input.executor === executor) return;
  throw new Problem(
    'conflict',
    `The task type ${name} is done by: ${executor}; register another type for tasks that are done by: ${input.executor}`,
  );
}

/** What callers can say of a type; the rest is its history. */
type Definition = Omit<
  TaskType,
  'name' | 'builtIn' | 'version' | 'createdAt' | 'createdBy' | 'updatedAt' | 'updatedBy'
>;

/** @throws {Problem} `conflict` when tasks would be left in parts of the queue where nobody looks any more */
function definitionOf(input: TaskTypeInput, before: TaskType | undefined): Definition {
  const readyShards = input.readyShards ?? before?.readyShards ?? 1;
  if (before && readyShards < before.readyShards) {
    throw new Problem(
      'conflict',
      `The task type ${before.name} has ${before.readyShards} readyShards and they cannot become fewer`,
      {
        errors: [
          { pointer: '/readyShards', code: 'conflict', message: `must be at least ${before.readyShards}` },
        ],
      },
    );
  }
  return {
    ...input,
    readyShards,
    description: input.description ?? null,
    http: input.http ?? null,
    inputSchema: input.inputSchema ?? null,
    resultSchema: input.resultSchema ?? null,
    concurrency: input.concurrency ?? null,
    rateLimit: input.rateLimit ?? null,
  };
}

/** Compares all that the new definition says, whatever members it has. */
function sameDefinition(before: TaskType, definition: Definition): boolean {
  const members = Object.keys(definition) as (keyof Definition)[];
  return members.every((name) => canonicalJson(before[name]) === canonicalJson(definition[name]));
}

/** @throws {Problem} `validation_failed` with pointers into the schemas */
function requireSoundSchemas({ inputSchema, resultSchema }: Definition): void {
  const findings = [
    ...(inputSchema === null ? [] : checkSchema(inputSchema, '/inputSchema')),
    ...(resultSchema === null ? [] : checkSchema(resultSchema, '/resultSchema')),
  ];
  if (findings.length > 0) throw validationFailed(findings);
}
