import { validationFailed } from '../../shared/problem.ts';
import type { CrmRecord } from '../records/entity.ts';
import type { Decided, RecordRules } from '../records/rules.ts';

/** A price means nothing without its currency. @throws {Problem} `validation_failed` */
function checked(draft: CrmRecord): Decided {
  if (typeof draft.unitPrice === 'number' && draft.currency === null) {
    throw validationFailed([
      { pointer: '/currency', code: 'required', message: 'is required where there is a unitPrice' },
    ]);
  }
  return { record: draft, writes: [] };
}

export const productRules: RecordRules = {
  watched: ['unitPrice', 'currency'],
  create: async (draft) => checked(draft),
  update: async (_, draft) => checked(draft),
};
