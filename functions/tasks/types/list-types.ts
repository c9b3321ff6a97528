import { type PageQuery, parsePage } from '../../platform/parse-page.ts';
import type { Actor } from '../../shared/actor.ts';
import { decodeCursor, encodeCursor } from '../../shared/cursor.ts';
import { batchGetItems, queryPage } from '../../shared/dynamo/table.ts';
import { builtInTypes, type TaskType } from './task-type.ts';
import { currentKey, toType } from './type-registry.ts';

/** A row of the list: a type without its schemas, of which a hundred would not fit into an answer. */
export type TypeRow = Omit<TaskType, 'inputSchema' | 'resultSchema'>;

/** Types in the order of their names, and the last name that was looked at when there may be more. */
interface Look {
  types: TaskType[];
  until?: string;
}

/**
 * A page of the types by name, the built-in ones among them: one Query. Pages may be short, since types with large
 * schemas fill the megabyte of a Query. A key of some types sees those: one BatchGetItem.
 * @throws {Problem} `validation_failed`, `invalid_cursor`
 */
export async function listTypes(
  query: PageQuery,
  { caller }: Actor,
): Promise<{ data: TypeRow[]; page: { nextCursor: string | null } }> {
  const { tenantId, taskTypes } = caller;
  const scope = JSON.stringify([tenantId, 'task-types']);
  const { limit, cursor } = parsePage(query);
  const [after = ''] = cursor === undefined ? [] : decodeCursor(cursor, scope);
  const { types, until } = taskTypes
    ? await typesNamed(tenantId, taskTypes, after)
    : await ownTypes(tenantId, after, limit + 1);
  const all = [...types, ...builtIns(after, until, taskTypes)].sort((a, b) => (a.name < b.name ? -1 : 1));
  const rows = all.slice(0, limit);
  const last = all.length > limit ? rows.at(-1)?.name : until;
  return {
    data: rows.map(({ inputSchema: _in, resultSchema: _out, ...row }) => row),
    page: { nextCursor: last === undefined ? null : encodeCursor([last], scope) },
  };
}

async function ownTypes(tenantId: string, after: string, limit: number): Promise<Look> {
  const { pk } = currentKey(tenantId, '');
  const { items, lastKey } = await queryPage({
    table: 'platform',
    // A sort key is never empty, and neither may be what it is compared with.
    key: after === '' ? { text: 'pk = :pk', values: { ':pk': pk } } : beyond(pk, after),
    limit,
  });
  return { types: items.map(toType), ...(lastKey && { until: String(lastKey.sk) }) };
}

const beyond = (pk: string, after: string) => ({
  text: 'pk = :pk AND sk > :after',
  values: { ':pk': pk, ':after': after },
});

async function typesNamed(tenantId: string, names: string[], after: string): Promise<Look> {
  const wanted = [...new Set(names)].filter((name) => name > after);
  const items = await batchGetItems(
    'platform',
    wanted.map((name) => currentKey(tenantId, name)),
  );
  return { types: items.map(toType) };
}

function builtIns(after: string, until: string | undefined, names: string[] | undefined): TaskType[] {
  return [...builtInTypes.values()].filter(
    ({ name }) => name > after && (until === undefined || name <= until) && (!names || names.includes(name)),
  );
}
