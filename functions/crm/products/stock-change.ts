import * as z from 'zod/mini';
import type { Actor } from '../../shared/actor.ts';
import { requireVersion, type VersionCondition } from '../../shared/etag.ts';
import { Problem } from '../../shared/problem.ts';
import type { WritePlan } from '../../shared/write-plan.ts';
import type { CrmRecord } from '../records/entity.ts';
import { clearable, text } from '../records/fields.ts';
import { getRecord } from '../records/find-records.ts';
import { planReplace } from '../records/patch-record.ts';
import { maxStock, product } from './product.ts';

export const stockChangeInput = z.strictObject({
  change: z.int().check(
    z.gte(-maxStock),
    z.lte(maxStock),
    z.refine((change) => change !== 0, 'must not be 0'),
  ),
  ...clearable({ reason: text(500) }),
});

/**
 * Adds to a stock or takes from it.
 * @throws {Problem} `not_found`, `precondition_failed`, `invalid_transition` for a stock that is not tracked,
 *   `conflict` when there is not as much
 */
export async function planStockChange(
  id: string,
  { change, reason }: z.infer<typeof stockChangeInput>,
  actor: Actor,
  ifMatch?: VersionCondition,
): Promise<WritePlan<CrmRecord>> {
  const before = await getRecord(product, id, actor);
  requireVersion(ifMatch, before.version);
  if (typeof before.stock !== 'number') {
    throw new Problem(
      'invalid_transition',
      'The stock of this product is not tracked; set it by a PATCH first',
    );
  }
  const stock = before.stock + change;
  if (stock < 0 || stock > maxStock) {
    throw new Problem('conflict', `The stock is ${before.stock} and has to stay between 0 and ${maxStock}`, {
      errors: [
        {
          pointer: '/change',
          code: stock < 0 ? 'insufficient_stock' : 'too_large',
          message: `would make it ${stock}`,
        },
      ],
      extensions: { stock: before.stock },
    });
  }
  return planReplace(product, before, { ...before, stock, stockReason: reason ?? null }, actor);
}
