import { queryPage } from '../../shared/dynamo/table.ts';
import { deadSources } from './list-dead-letters.ts';
import type { RedriveOrder } from './redrive-input.ts';

/** What a redrive takes up next, and where it goes on after that. */
export interface Selection {
  /** `<time of death>#<id>`, or an id. */
  batch: string[];
  position: string;
}

/**
 * The next tasks of a redrive: from its ids, or one Query of the narrowest partition of dead tasks, the earliest
 * death first. Of a type and an error code together those of the error code: the others are left out later.
 * @param position of the last selection; empty at first
 */
export async function selectDead(
  { ids, filter, before }: RedriveOrder,
  tenantId: string,
  position: string,
  limit: number,
): Promise<Selection> {
  if (ids) {
    const start = Number(position);
    const unique = [...new Set(ids)].slice(start, start + limit);
    return { batch: unique, position: String(start + unique.length) };
  }
  const { type, errorCode, from = '' } = filter ?? {};
  const { source, value } =
    errorCode !== undefined
      ? { source: deadSources.errorCode, value: errorCode }
      : { source: type === undefined ? deadSources.all : deadSources.type, value: type ?? '' };
  // `~` sorts after everything in a key, so the range begins after the last one.
  const lower = position === '' ? from : `${position}~`;
  if (lower >= before) return { batch: [], position };
  const { items } = await queryPage({
    table: 'tasks',
    index: source.index,
    key: {
      text: '#pk = :pk AND #sk BETWEEN :lower AND :before',
      names: { '#pk': source.pkAttribute, '#sk': source.skAttribute },
      values: { ':pk': source.partition(tenantId, value), ':lower': lower, ':before': before },
    },
    limit,
    project: [source.skAttribute],
  });
  const batch = items.map((item) => String(item[source.skAttribute]));
  return { batch, position: batch.at(-1) ?? position };
}
