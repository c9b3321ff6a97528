import * as z from 'zod/mini';
import { withCustomFilters } from '../../crm/custom-fields/custom-filters.ts';
import type { EntityDefinition } from '../../crm/records/entity.ts';
import type { Actor } from '../../shared/actor.ts';
import { listParameters } from '../../shared/list/list-parameters.ts';
import { parseListQuery } from '../../shared/list/parse-list-query.ts';
import { nearestName } from '../../shared/nearest-name.ts';
import { Problem, type ProblemDetail, validationFailed } from '../../shared/problem.ts';
import { toPointer, validate } from '../../shared/validation.ts';
import { described, line } from '../fields.ts';
import { type FileFormat, fileFormats } from '../imports/import-input.ts';
import { transferCollections, transferEntity } from '../imports/transfer-entities.ts';
import { readableColumns } from './readable-columns.ts';

export const exportInput = z.strictObject({
  entity: z.enum(transferCollections as [string, ...string[]]),
  format: z._default(z.enum(fileFormats), 'csv'),
  filter: described(
    z._default(z.record(line(100), z.union([z.string(), z.number(), z.boolean()])), {}),
    'Filters of the entity\'s list, by the name of the parameter: `{"stage": "customer", "createdAt[gte]": "2026-01-01T00:00:00Z"}`.',
  ),
  fields: described(
    z.optional(z.array(line(100)).check(z.minLength(1), z.maxLength(200))),
    'Only these members, in this order; objects as a whole or by member (`address.city`). Left out: all of them.',
  ),
});

export type ExportInput = z.infer<typeof exportInput>;

/** An export with its parameters in the form that lists take. */
export interface ExportPlan {
  definition: EntityDefinition;
  format: FileFormat;
  /** Of the list, in the order of creation: later changes move no record in it. */
  query: Record<string, string>;
  fields?: string[];
}

/** What pages and shapes a list, which an export does itself. */
const paging = { sort: true, limit: true, cursor: true, fields: true } as const;

/** @throws {Problem} `validation_failed` for filters or fields that the entity does not have */
export async function planExport(input: ExportInput, { caller }: Actor): Promise<ExportPlan> {
  const { format, filter, fields } = input;
  const definition = transferEntity(input.entity);
  const texts = Object.fromEntries(Object.entries(filter).map(([name, value]) => [name, String(value)]));
  const listed = Object.entries(texts).filter(([name]) => !name.startsWith('custom.'));
  const known = listParameters({ ...definition.list, searched: false });
  validate(z.omit(known as z.ZodMiniObject, paging), Object.fromEntries(listed), '/filter');
  const query = { ...texts, sort: 'createdAt' };
  await pointingInto('/filter', async () => {
    const { list } = await withCustomFilters(definition, texts, caller.tenantId);
    parseListQuery(query, list, caller.subject);
  });
  checkFields(definition, fields ?? []);
  return { definition, format, query, ...(fields && { fields }) };
}

function checkFields(definition: EntityDefinition, fields: string[]): void {
  const known = readableColumns(definition, []).flatMap((path) => [path, path.split('.')[0] ?? path]);
  const errors = fields.flatMap((field, at): ProblemDetail[] => {
    const custom = definition.fields.includes('custom') && /^custom(\.[^.]+)?$/.test(field);
    if (custom || known.includes(field)) return [];
    const near = nearestName(field, known);
    const hint = near ? `; did you mean ${near}?` : '';
    const message = `${JSON.stringify(field)} is no field of ${definition.collection}${hint}`;
    return [{ pointer: `/fields/${at}`, code: 'unknown_field', message }];
  });
  if (errors.length > 0) throw validationFailed(errors);
}

/** What a list says of its parameters, said of the members of a body. */
async function pointingInto(at: string, check: () => Promise<void>): Promise<void> {
  try {
    await check();
  } catch (error) {
    if (!(error instanceof Problem) || error.status >= 500) throw error;
    const errors = error.options.errors ?? [{ code: error.code, message: error.detail }];
    throw validationFailed(
      errors.map(({ parameter, ...detail }: ProblemDetail) => ({
        ...detail,
        pointer: `${at}${toPointer(parameter === undefined ? [] : [parameter])}`,
      })),
    );
  }
}
