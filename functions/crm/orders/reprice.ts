import type { Actor } from '../../shared/actor.ts';
import { validationFailed } from '../../shared/problem.ts';
import type { CrmRecord } from '../records/entity.ts';
import { type PricedDocument, priceDocument } from './document-draft.ts';
import type { DocumentLine, LineInput } from './document-lines.ts';
import { totalsOf } from './price-lines.ts';

/**
 * The members of a draft that follow from new lines, shipping or currency; lines that are not sent keep their prices.
 * @throws {Problem} `validation_failed`, also for another currency without new lines
 */
export async function repriced(
  before: CrmRecord,
  draft: CrmRecord,
  actor: Actor,
): Promise<Omit<PricedDocument, 'currency'>> {
  const shipping = draft.shipping as number;
  if (draft.lines === null) {
    throw validationFailed([{ pointer: '/lines', code: 'required', message: 'cannot be cleared' }]);
  }
  if (draft.lines !== before.lines) {
    const currency = draft.currency as string | null;
    return (await priceDocument(draft.lines as LineInput[], currency, shipping, actor)).document;
  }
  if (draft.currency !== before.currency) {
    throw validationFailed([
      {
        pointer: '/currency',
        code: 'needs_lines',
        message: 'changes only together with the lines, whose prices are in it',
      },
    ]);
  }
  const lines = before.lines as DocumentLine[];
  return { lines, ...totalsOf(lines, shipping) };
}
