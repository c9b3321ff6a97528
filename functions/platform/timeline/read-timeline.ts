import * as z from 'zod/mini';
import { decodeCursor, encodeCursor } from '../../shared/cursor.ts';
import { type Expression, queryPage } from '../../shared/dynamo/table.ts';
import { maxRowsRead } from '../../shared/list/list-spec.ts';
import { roughBytes } from '../../shared/list/rough-bytes.ts';
import { validationFailed } from '../../shared/problem.ts';
import { actorKindOf, actorKinds } from '../audit/audit-item.ts';
import { inFieldOrder } from '../history.ts';
import { type HistoryItem, historyPartition } from '../history-item.ts';
import { parsePage } from '../parse-page.ts';
import { mergeSources, type SourcePage } from './merge-sources.ts';
import { detailsOf, type TimelineItem, timelineKinds, timelinePartition } from './timeline-item.ts';

/** Something in a timeline, as answered. */
export const timelineEntry = z.strictObject({
  kind: z.enum(timelineKinds),
  at: z.string(),
  action: z.string(),
  actor: z.string(),
  actorKind: z.enum(actorKinds),
  entity: z.string(),
  id: z.string(),
  version: z.nullable(z.int()),
  title: z.nullable(z.string()),
  /** Of a change of the record itself. */
  changes: z.array(z.object({ field: z.string(), old: z.unknown(), new: z.unknown() })),
  /** Of anything else: what it was like then. */
  details: z.record(z.string(), z.unknown()),
  requestId: z.nullable(z.string()),
});
export type TimelineEntry = z.infer<typeof timelineEntry>;

const text = (description: string) => z.optional(z.string().check(z.meta({ description })));

export const timelineParameters = z.strictObject({
  kinds: text(`Only these, comma-separated: ${timelineKinds.join(', ')}.`),
  limit: text('Rows in a page, 1 to 100. Default 50.'),
  cursor: text('`page.nextCursor` of the page before.'),
});

export interface TimelineQuery {
  kinds?: string;
  limit?: string;
  cursor?: string;
}

/** Records whose timelines are shown as one, at most: a record and those that were merged into it. */
const maxRecords = 20;
/** Rows read in one go where some of them are dropped. */
const filteredRows = 200;
/** Bytes that are read of all sources: Lambda's answers end at 6 MB, and a Query adds at most 1 MB (AWS). */
const fullPage = 3_000_000;
/** Fields that follow from other things in the timeline: a change of nothing else says nothing new. */
const echoes = new Set(['lastContactedAt']);

/**
 * What happened around a record, newest first: its own changes, activities, tasks and documents. Two Queries for
 * each id, more only while a filter drops rows. That the caller may see the records is checked before.
 * @param ids the record, then those that were merged into it
 * @throws {Problem} `validation_failed`, `invalid_cursor`
 */
export async function readTimeline(
  tenantId: string,
  ids: readonly string[],
  query: TimelineQuery,
): Promise<{ data: TimelineEntry[]; page: { nextCursor: string | null } }> {
  const { limit, cursor } = parsePage(query);
  const kinds = parseKinds(query.kinds);
  const records = ids.slice(0, maxRecords);
  const scope = JSON.stringify([tenantId, 'timeline', records, kinds]);
  const others = kinds.filter((kind) => kind !== 'change');
  const sources = records.flatMap((id) => [
    ...(kinds.includes('change') ? [ownChanges(tenantId, id)] : []),
    ...(others.length > 0 ? [aroundIt(tenantId, id, others, records)] : []),
  ]);
  const starts = cursor === undefined ? sources.map(() => '') : decodeCursor(cursor, scope);
  const bytes = fullPage / sources.length;
  const pages = await Promise.all(sources.map((source, at) => fill(source, starts[at] ?? '', limit, bytes)));
  const { rows, places, ended } = mergeSources(pages, starts, limit);
  return { data: rows, page: { nextCursor: ended ? null : encodeCursor(places, scope) } };
}

interface Source {
  pk: string;
  filter?: Expression;
  /** `undefined` for what is not shown. */
  toEntry(item: Record<string, unknown>): TimelineEntry | undefined;
}

function ownChanges(tenantId: string, id: string): Source {
  return {
    pk: historyPartition(tenantId, id),
    toEntry: (item) => {
      const { at, action, actor, entity, version, changes, requestId } = item as unknown as HistoryItem;
      if (action === 'updated' && changes.every(({ field }) => echoes.has(field))) return undefined;
      return {
        kind: 'change',
        ...{ at, action, actor, actorKind: actorKindOf(actor), entity, id, version, title: null },
        ...{ changes: inFieldOrder(changes), details: {}, requestId },
      };
    },
  };
}

/** @param records within which a reference may move without anybody noticing */
function aroundIt(
  tenantId: string,
  id: string,
  kinds: readonly string[],
  records: readonly string[],
): Source {
  const all = kinds.length === timelineKinds.length - 1;
  return {
    pk: timelinePartition(tenantId, id),
    ...(!all && { filter: anyOf('kind', kinds) }),
    toEntry: (item) => {
      const entry = item as unknown as TimelineItem;
      const { kind, at, action, actor, entity, version = null, title = null, details } = entry;
      if (records.includes(String(details.from)) || records.includes(String(details.to))) return undefined;
      return {
        ...{ kind, at, action, actor, actorKind: actorKindOf(actor), entity, id: entry.id, version, title },
        ...{ changes: [], details: detailsOf(entity, details), requestId: entry.requestId ?? null },
      };
    },
  };
}

function anyOf(name: string, values: readonly string[]): Expression {
  return {
    text: `#name IN (${values.map((_, at) => `:v${at}`).join(', ')})`,
    names: { '#name': name },
    values: Object.fromEntries(values.map((value, at) => [`:v${at}`, value])),
  };
}

/** A row more than the page has, unless 1 000 rows or so many bytes were read before that. */
async function fill(
  source: Source,
  start: string,
  limit: number,
  maxBytes: number,
): Promise<SourcePage<TimelineEntry>> {
  const rows: SourcePage<TimelineEntry>['rows'] = [];
  let next: string | undefined = start;
  let bytes = 0;
  for (let read = 0; next !== undefined && rows.length <= limit && read < maxRowsRead && bytes < maxBytes; ) {
    const wanted = source.filter ? filteredRows : limit + 1 - rows.length;
    const page = await queryPage({
      table: 'views',
      key: { text: 'pk = :pk', values: { ':pk': source.pk } },
      ...(source.filter && { filter: source.filter }),
      limit: wanted,
      descending: true,
      ...(next !== '' && { startKey: { pk: source.pk, sk: next } }),
    });
    read += wanted;
    for (const item of page.items) {
      bytes += roughBytes(item);
      const value = source.toEntry(item);
      if (value) rows.push({ at: value.at, place: String(item.sk), value });
    }
    next = page.lastKey && String(page.lastKey.sk);
  }
  return { rows, ...(next !== undefined && { next }) };
}

function parseKinds(text: string | undefined): string[] {
  const kinds = text === undefined ? [...timelineKinds] : text.split(',').map((kind) => kind.trim());
  const unknown = kinds.filter((kind) => !(timelineKinds as readonly string[]).includes(kind));
  if (unknown.length === 0) return timelineKinds.filter((kind) => kinds.includes(kind));
  throw validationFailed([
    {
      parameter: 'kinds',
      code: 'invalid_value',
      message: `must be one or more of: ${timelineKinds.join(', ')}`,
    },
  ]);
}
