import type * as z from 'zod';

/**
 * Checks the properties of a template resource.
 *
 * @throws {Error} naming the first property that is wrong, unknown or missing
 */
export function parseProperties<T extends z.ZodType>(
  schema: T,
  properties: Record<string, unknown>,
): z.infer<T> {
  const result = schema.safeParse(properties);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = issue?.path.join('.') ?? '';
  throw new Error(`${place === '' ? '' : `${place}: `}${issue?.message}`);
}
