import { defaultLimit, maxLimit } from '../shared/list/list-spec.ts';
import { validationFailed } from '../shared/problem.ts';

/** The parameters of a list that has one order and no filters. */
export interface PageQuery {
  limit?: string;
  cursor?: string;
}

/** @throws {Problem} `validation_failed` for a limit outside 1 to 100 */
export function parsePage({ limit: text, cursor }: PageQuery): { limit: number; cursor?: string } {
  const limit = text === undefined ? defaultLimit : /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > maxLimit) {
    throw validationFailed([
      { parameter: 'limit', code: 'invalid_value', message: `must be a whole number from 1 to ${maxLimit}` },
    ]);
  }
  return { limit, ...(cursor !== undefined && { cursor }) };
}
