import type { Actor } from '../shared/actor.ts';
import { instant } from '../shared/clock.ts';
import type { Item } from '../shared/dynamo/item.ts';
import { getItem, queryPage } from '../shared/dynamo/table.ts';
import { requireVersion, type VersionCondition } from '../shared/etag.ts';
import { notFound, Problem, validationFailed } from '../shared/problem.ts';
import { shortCache } from '../shared/short-cache.ts';
import { carryOut } from '../shared/write-plan.ts';
import { builtInTypes, type TaskType, type TaskTypeInput } from './task-type.ts';

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

/** The type at the version that a task was made with. */
export async function typeAt(tenantId: string, name: string, version: number): Promise<TaskType> {
  const type = builtInTypes.get(name) ?? (await typeVersions(`${tenantId}#${name}#${version}`));
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

/**
 * Registers a type or gives it a new version. The same definition again changes nothing.
 * @throws {Problem} `conflict` for a built-in type or another executor, `precondition_failed`
 */
export async function putType(
  name: string,
  input: TaskTypeInput,
  { caller }: Actor,
  ifMatch?: VersionCondition,
): Promise<{ created: boolean; type: TaskType }> {
  if (builtInTypes.has(name)) {
    throw new Problem('conflict', `The task type ${name} comes with the service and cannot be changed`);
  }
  const item = await getItem('platform', currentKey(caller.tenantId, name));
  const before = item && toType(item);
  requireVersion(ifMatch, before?.version ?? 0);
  if (before) requireSameExecutor(before, input);
  if (before && sameDefinition(before, input)) return { created: false, type: before };
  const at = instant();
  const type: TaskType = {
    name,
    builtIn: false,
    ...input,
    description: input.description ?? null,
    version: (before?.version ?? 0) + 1,
    createdAt: before?.createdAt ?? at,
    createdBy: before?.createdBy ?? caller.subject,
    updatedAt: at,
    updatedBy: caller.subject,
  };
  await carryOut([
    {
      write: {
        kind: 'put',
        table: 'platform',
        item: { ...currentKey(caller.tenantId, name), ...type },
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
        item: { ...versionKey(caller.tenantId, name, type.version), ...type },
      },
    },
  ]);
  return { created: !before, type };
}

/** Its tasks stand where their executor looks for them, and nobody else would find or settle them. */
function requireSameExecutor({ name, executor }: TaskType, input: TaskTypeInput): void {
  if (input.executor === executor) return;
  throw new Problem(
    'conflict',
    `The task type ${name} is done by: ${executor}; register another type for tasks that are done by: ${input.executor}`,
  );
}

function sameDefinition(before: TaskType, input: TaskTypeInput): boolean {
  const definition = ({ description, executor, leaseSeconds, retry, ...rest }: TaskType | TaskTypeInput) => [
    description ?? null,
    executor,
    leaseSeconds,
    retry.maxAttempts,
    retry.initialSeconds,
    retry.factor,
    retry.maxSeconds,
    retry.jitter,
    rest.priorityWeightSeconds,
    rest.retentionDays,
  ];
  return JSON.stringify(definition(before)) === JSON.stringify(definition(input));
}

function toType({ pk: _pk, sk: _sk, ...type }: Item): TaskType {
  return type as unknown as TaskType;
}
