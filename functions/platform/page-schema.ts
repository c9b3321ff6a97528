import * as z from 'zod/mini';

/** The query parameters of a list that has one order and no filters. */
export const pageParameters = z.strictObject({
  limit: z.optional(z.string().check(z.meta({ description: 'Rows in a page, 1 to 100. Default 50.' }))),
  cursor: z.optional(z.string().check(z.meta({ description: '`page.nextCursor` of the page before.' }))),
});

/** A page of anything. */
export const pageSchema = (item: z.ZodMiniType) =>
  z.object({ data: z.array(item), page: z.object({ nextCursor: z.nullable(z.string()) }) });
