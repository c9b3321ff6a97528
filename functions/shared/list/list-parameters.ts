import * as z from 'zod/mini';
import { type ListSpec, maxLimit } from './list-spec.ts';

/** The query parameters of a list as a strict object of strings: gives the known names and the OpenAPI parameters. */
export function listParameters(
  spec: ListSpec,
  options: { total?: boolean; expand?: string[]; further?: Record<string, string> } = {},
): z.ZodMiniType {
  const shape: Record<string, z.ZodMiniType> = {};
  for (const [name, field] of Object.entries(spec.filters)) {
    for (const operator of field.operators) {
      const allowed = field.values ? ` One of: ${field.values.join(', ')}.` : '';
      const meaning = field.description ?? `Filter on ${name}`;
      const comma = operator === 'in' ? ' Comma-separated, at most 20.' : '';
      shape[operator === 'eq' ? name : `${name}[${operator}]`] = text(
        `${meaning} (${operator}).${allowed}${comma}`,
      );
    }
  }
  if (spec.searched) {
    shape.q = text(
      'Words of names, e-mails, telephones and numbers that begin like each of these; sorted by the word found.',
    );
  }
  for (const [name, description] of Object.entries(options.further ?? {})) shape[name] = text(description);
  const sorts = Object.keys(spec.sorts).flatMap((name) => [name, `-${name}`]);
  shape.sort = text(`One of: ${sorts.join(', ')}. Default ${spec.defaultSort}.`);
  shape.limit = text(`Rows in a page, 1 to ${maxLimit}. Default 50.`);
  shape.cursor = text('`page.nextCursor` of the page before.');
  Object.assign(shape, viewShape(options.expand));
  if (options.total) shape.include = text('`total` adds the number of records, where a counter knows it.');
  return z.strictObject(shape);
}

const text = (description: string) => z.optional(z.string().check(z.meta({ description })));

/** What of a record a GET shows. @param expand the names of the references that can be expanded */
export function viewParameters(expand: string[] = []): z.ZodMiniType {
  return z.strictObject(viewShape(expand));
}

function viewShape(expand: string[] = []): Record<string, z.ZodMiniType> {
  return {
    fields: text('Only these members of each record, comma-separated.'),
    ...(expand.length > 0 && {
      expand: text(
        `Shows the records that are referred to, beside their ids: any of ${expand.join(', ')}, comma-separated.`,
      ),
    }),
  };
}
