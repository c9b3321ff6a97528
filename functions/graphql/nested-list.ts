import { mapConcurrently } from '../shared/map-concurrently.ts';
import { validationFailed } from '../shared/problem.ts';
import type { FieldCall } from './field.ts';
import { plainParameters } from './list-arguments.ts';

/** Up to 100 parents may each have such a list in one answer, and an answer ends at 6 MB. */
const maxNested = 25;
const defaultNested = 10;
/** Queries at once for one batch of parents. */
const concurrency = 16;

interface Page {
  data: unknown[];
  page: { nextCursor: string | null };
}

/**
 * A list inside each of several records: one Query per parent, side by side.
 * @param filter what ties the rows to the parent
 */
export function nestedLists(
  calls: FieldCall[],
  filter: (call: FieldCall) => Record<string, string>,
  list: (parameters: Record<string, string>, call: FieldCall) => Promise<Page>,
): Promise<PromiseSettledResult<unknown>[]> {
  return mapConcurrently(calls, concurrency, async (call) => {
    const [result] = await Promise.allSettled([
      (async () => {
        const parameters = { ...filter(call), ...nestedParameters(call.args) };
        const { data, page } = await list(parameters, call);
        return { items: data, nextCursor: page.nextCursor };
      })(),
    ]);
    return result;
  });
}

function nestedParameters({ limit, cursor }: FieldCall['args']): Record<string, string> {
  const wanted = limit ?? defaultNested;
  if (wanted < 1 || wanted > maxNested) {
    throw validationFailed([
      { parameter: 'limit', code: 'invalid_value', message: `must be a whole number from 1 to ${maxNested}` },
    ]);
  }
  return plainParameters({ limit: wanted, cursor });
}

/** The same answer for every call of a batch, each found by its own key; what is absent is `null`. */
export async function lookUp<T>(
  calls: FieldCall[],
  keyOf: (call: FieldCall) => string | undefined,
  load: (keys: string[]) => Promise<Map<string, T>>,
): Promise<PromiseSettledResult<T | null>[]> {
  const keys = new Set(calls.flatMap((call) => keyOf(call) ?? []));
  const found = keys.size > 0 ? await load([...keys]) : new Map<string, T>();
  return calls.map((call) => {
    const key = keyOf(call);
    return { status: 'fulfilled', value: (key === undefined ? undefined : found.get(key)) ?? null };
  });
}
