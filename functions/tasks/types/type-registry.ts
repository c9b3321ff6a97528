import type { Actor } from '../../shared/actor.ts';
import type { Item } from '../../shared/dynamo/item.ts';
import { getItem } from '../../shared/dynamo/table.ts';
import { parseLossless } from '../../shared/json.ts';
import { notFound, validationFailed } from '../../shared/problem.ts';
import { shortCache } from '../../shared/short-cache.ts';
import type { JsonSchema } from './definition.ts';
import { absentMembers, builtInTypes, type TaskType } from './task-type.ts';
import { requireTypeScope } from './type-scope.ts';

/** Types in force, and each of their versions for the tasks that were made with it. */
export const currentKey = (tenantId: string, name: string) => ({ pk: `${tenantId}#tasktype`, sk: name });
export const versionKey = (tenantId: string, name: string, version: number) => ({
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

/** @throws {Problem} `not_found`, `forbidden` for a key of other types */
export async function getType(name: string, { caller }: Actor): Promise<TaskType> {
  requireTypeScope(caller, name);
  const builtIn = builtInTypes.get(name);
  if (builtIn) return builtIn;
  const item = await getItem('platform', currentKey(caller.tenantId, name));
  if (!item) throw notFound('task type', name);
  return toType(item);
}

/** A type as it was. @param version as in the path @throws {Problem} `not_found`, `forbidden` as above */
export async function getTypeVersion(name: string, version: string, { caller }: Actor): Promise<TaskType> {
  requireTypeScope(caller, name);
  const builtIn = builtInTypes.get(name);
  if (builtIn && version === String(builtIn.version)) return builtIn;
  const isNumber = /^[1-9]\d{0,8}$/.test(version) && !name.includes('#');
  const type = isNumber && (await typeVersions(`${caller.tenantId}#${name}#${version}`));
  if (!type) throw notFound('version of a task type', `${name}/${version}`);
  return type;
}

/** A type as it is stored. Schemas are text: every digit, and names that DynamoDB has no room for, such as the empty one. */
export function toStored({ inputSchema, resultSchema, ...type }: TaskType): Item {
  const text = (schema: JsonSchema | null) => (schema === null ? null : JSON.stringify(schema));
  return { ...type, inputSchema: text(inputSchema), resultSchema: text(resultSchema) };
}

export function toType({ pk: _pk, sk: _sk, inputSchema, resultSchema, ...type }: Item): TaskType {
  const parsed = (text: unknown) => (typeof text === 'string' ? parseLossless(text) : null);
  return {
    ...absentMembers,
    ...type,
    inputSchema: parsed(inputSchema),
    resultSchema: parsed(resultSchema),
  } as TaskType;
}
