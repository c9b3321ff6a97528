import type { Actor } from '../shared/actor.ts';
import { instant } from '../shared/clock.ts';
import type { Item } from '../shared/dynamo/item.ts';
import { getItem, queryPage } from '../shared/dynamo/table.ts';
import { requireVersion, type VersionCondition } from '../shared/etag.ts';
import { parseLossless } from '../shared/json.ts';
import { notFound, Problem, validationFailed } from '../shared/problem.ts';
import { shortCache } from '../shared/short-cache.ts';
import { carryOut } from '../shared/write-plan.ts';
import { planFirstSecret } from './push/type-secret.ts';
import { absentMembers, builtInTypes, type TaskType, type TaskTypeInput } from './task-type.ts';
import { canonicalJson } from './types/canonical-json.ts';
import type { JsonSchema } from './types/definition.ts';

/** Types in force, and each of their versions for the tasks that were made with it. */
const currentKey = (tenantId: string, name: string) => ({ pk: `${tenantId}#tasktype`, sk: name });
const versionKey = (tenantId: string, name: string, version: number) => ({
  pk: `${tenantId}#tasktype#${name}`,
  sk: String(version).padStart(10, '0'),
});

const currentTypes = shortCache<TaskType>(
  async (key) => {
    const [tenantId = '', name = ''] = key.split('#');
    const item = await getItem('platform', currentKey(tenantId, name));
    return item && toType(item);
  },
  { seconds: 30 },
);

/** Versions never change, so they are kept for as long as the sandbox lives, in effect. */
const typeVersions = shortCache<TaskType>(
  async (key) => {
    const [tenantId = '', name = '', version] = key.split('#');
    const item = await getItem('platform', versionKey(tenantId, name, Number(version)));
    return item && toType(item);
  },
  { seconds: 86_400 },
);

/** The type as it stands, at most 30 s old; undefined when there is none. */
export async function findType(tenantId: string, name: string): Promise<TaskType | undefined> {
  return builtInTypes.get(name) ?? currentTypes(`${tenantId}#${name}`);
}

/** @throws {Problem} `validation_failed` at `pointer` for a name that is not registered */
export async function requireType(tenantId: string, name: string, pointer: string): Promise<TaskType> {
  const type = await findType(tenantId, name);
  if (type) return type;
  throw validationFailed([
    {
      pointer,
      code: 'unknown_type',
      message: `no task type ${JSON.stringify(name)}; register it with PUT /api/v1/task-types/${name}`,
    },
  ]);
}

/** A version of a type; undefined when there is none. */
export async function findTypeAt(
  tenantId: string,
  name: string,
  version: number,
): Promise<TaskType | undefined> {
  return builtInTypes.get(name) ?? typeVersions(`${tenantId}#${name}#${version}`);
}

/** The type at the version that a task was made with. */
export async function typeAt(tenantId: string, name: string, version: number): Promise<TaskType> {
  const type = await findTypeAt(tenantId, name, version);
  if (!type) throw new Error(`the task type ${name} has lost its version ${version}`);
  return type;
}

/** The same, for who has the type as it stands: most tasks were made with that version. */
export async function typeOfVersion(tenantId: string, current: TaskType, version: number): Promise<TaskType> {
  return current.version === version ? current : typeAt(tenantId, current.name, version);
}

/** @throws {Problem} `not_found` */
export async function getType(name: string, { caller }: Actor): Promise<TaskType> {
  const builtIn = builtInTypes.get(name);
  if (builtIn) return builtIn;
  const item = await getItem('platform', currentKey(caller.tenantId, name));
  if (!item) throw notFound('task type', name);
  return toType(item);
}

/** All types of the tenant by name; one Query for each megabyte of them. */
export async function listTypes({ caller }: Actor): Promise<TaskType[]> {
  const own: TaskType[] = [];
  let startKey: Item | undefined;
  do {
    const page = await queryPage({
      table: 'platform',
      key: { text: 'pk = :pk', values: { ':pk': `${caller.tenantId}#tasktype` } },
      ...(startKey && { startKey }),
    });
    own.push(...page.items.map(toType));
    startKey = page.lastKey;
  } while (startKey);
  return [...builtInTypes.values(), ...own].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A type as it was put. */
export interface PutType {
  created: boolean;
  type: TaskType;
  /** What signs the calls of a new `http` type; not to be had again. */
  secret?: string;
}

/**
 * Registers a type or gives it a new version. The same definition again changes nothing.
 * @throws {Problem} `conflict` for a built-in type or another executor, `precondition_failed`
 */
export async function putType(
  name: string,
  input: TaskTypeInput,
  { caller }: Actor,
  ifMatch?: VersionCondition,
): Promise<PutType> {
  if (builtInTypes.has(name)) {
    throw new Problem('conflict', `The task type ${name} comes with the service and cannot be changed`);
  }
  const item = await getItem('platform', currentKey(caller.tenantId, name));
  const before = item && toType(item);
  requireVersion(ifMatch, before?.version ?? 0);
  if (before) requireSameExecutor(before, input);
  const definition = definitionOf(input, before);
  if (before && sameDefinition(before, definition)) return { created: false, type: before };
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

/** Schemas are stored as text: every digit, and names that DynamoDB has no room for, such as the empty one. */
function toStored({ inputSchema, resultSchema, ...type }: TaskType): Item {
  const text = (schema: JsonSchema | null) => (schema === null ? null : JSON.stringify(schema));
  return { ...type, inputSchema: text(inputSchema), resultSchema: text(resultSchema) };
}

function toType({ pk: _pk, sk: _sk, inputSchema, resultSchema, ...type }: Item): TaskType {
  const parsed = (text: unknown) => (typeof text === 'string' ? parseLossless(text) : null);
  return {
    ...absentMembers,
    ...type,
    inputSchema: parsed(inputSchema),
    resultSchema: parsed(resultSchema),
  } as TaskType;
}
