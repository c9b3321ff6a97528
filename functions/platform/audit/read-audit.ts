import * as z from 'zod/mini';
import type { Caller } from '../../shared/caller.ts';
import { parseInstant } from '../../shared/clock.ts';
import type { FilterField, ListQuery, ListSpec } from '../../shared/list/list-spec.ts';
import { runList } from '../../shared/list/run-list.ts';
import { type ProblemDetail, validationFailed } from '../../shared/problem.ts';
import { parsePage } from '../parse-page.ts';
import { type AuditEntry, actorKindOf, actorKinds, auditEntities, auditPartition } from './audit-item.ts';

/** Who did what, as answered. */
export const auditEntryOutput = z.strictObject({
  at: z.string(),
  actor: z.string(),
  actorKind: z.enum(actorKinds),
  action: z.string(),
  entity: z.enum(auditEntities),
  id: z.string(),
  version: z.nullable(z.int()),
  title: z.nullable(z.string()),
  fields: z.array(z.string()),
  details: z.record(z.string(), z.unknown()),
  requestId: z.string(),
});

const text = (description: string) => z.optional(z.string().check(z.meta({ description })));

export const auditParameters = z.strictObject({
  actor: text('The subject of a person, the id of an API key, or `system`.'),
  entity: text(`One of: ${auditEntities.join(', ')}.`),
  id: text('Of one record, or the name of what has no id.'),
  action: text('E.g. created, updated, deleted, cancelled.'),
  from: text('Acts at or after this instant, such as 2026-01-31T09:30:00Z, or date.'),
  to: text('Acts before this instant or date.'),
  limit: text('Rows in a page, 1 to 100. Default 50.'),
  cursor: text('`page.nextCursor` of the page before.'),
});

type AuditQuery = Partial<Record<keyof z.infer<typeof auditParameters>, string>>;

const equals: FilterField = { type: 'text', operators: ['eq'] };

/** Acts in the order of time; what else is asked for is filtered, within 1 000 rows a page. */
const auditList: ListSpec = {
  what: 'audit',
  table: 'views',
  idPrefix: 'evt',
  filters: { actor: equals, entity: equals, id: equals, action: equals },
  sorts: {
    at: { pkAttribute: 'pk', skAttribute: 'sk', keyOf: 'value-and-id', partition: auditPartition },
  },
  partitions: [],
  defaultSort: '-at',
};

/**
 * What was done in a tenant, newest first: one Query, more only while filters drop rows.
 * @throws {Problem} `validation_failed`, `invalid_cursor`
 */
export async function readAudit(query: AuditQuery, { tenantId }: Caller) {
  const page = await runList(toListQuery(query), auditList, tenantId);
  const data = (page.items as unknown as AuditEntry[]).map((entry) => ({
    at: entry.at,
    actor: entry.actor,
    actorKind: actorKindOf(entry.actor),
    action: entry.action,
    entity: entry.entity,
    id: entry.id,
    version: entry.version ?? null,
    title: entry.title ?? null,
    fields: entry.fields ?? [],
    details: entry.details ?? {},
    requestId: entry.requestId,
  }));
  return { data, page: { nextCursor: page.nextCursor } };
}

function toListQuery(query: AuditQuery): ListQuery {
  const { limit, cursor } = parsePage(query);
  const errors: ProblemDetail[] = [];
  const refuse = (parameter: string, message: string) =>
    errors.push({ parameter, code: 'invalid_value', message });
  const equal = (['actor', 'entity', 'id', 'action'] as const).flatMap((field) => {
    const value = query[field];
    if (value === '') refuse(field, 'must not be empty');
    return value === undefined ? [] : [{ field, operator: 'eq' as const, values: [value] }];
  });
  if (query.entity !== undefined && !(auditEntities as readonly string[]).includes(query.entity)) {
    refuse('entity', `must be one of: ${auditEntities.join(', ')}`);
  }
  const range = (
    [
      ['from', 'gte'],
      ['to', 'lt'],
    ] as const
  ).flatMap(([name, operator]) => {
    const value = query[name];
    if (value === undefined) return [];
    // A plus sign that was not percent-encoded arrives as a space.
    const at = parseInstant(value.replace(/ (\d{2}:\d{2})$/, '+$1'));
    if (at === undefined)
      refuse(name, 'must be an ISO 8601 instant with a zone, such as 2026-01-31T09:30:00Z, or a date');
    return [{ field: 'at', operator, values: [at ?? ''] }];
  });
  if (errors.length > 0) throw validationFailed(errors);
  return {
    filters: [...equal, ...range],
    sort: { field: 'at', descending: true },
    limit,
    includeTotal: false,
    ...(cursor !== undefined && { cursor }),
  };
}
