import type { Actor } from '../../shared/actor.ts';
import { instant } from '../../shared/clock.ts';
import type { Item } from '../../shared/dynamo/item.ts';
import { Problem, type ProblemDetail, validationFailed } from '../../shared/problem.ts';
import type { PlannedWrite } from '../../shared/write-plan.ts';
import type { CrmRecord } from '../records/entity.ts';
import { indexAttributeNames } from '../records/index-attributes.ts';
import { replaceAtVersion } from '../records/patch-record.ts';
import { toRecord } from '../records/record-item.ts';
import { product } from './product.ts';

/** So much of a product. */
export interface StockMove {
  productId: string;
  quantity: number;
}

/** A transaction has 100 actions (AWS): the order, its number, customer and idempotency key need some. */
const maxProducts = 90;

/** What lines take of the products whose stock is tracked, lines of one product together. */
export function stockNeeds(
  lines: readonly { productId: string | null; quantity: number }[],
  products: ReadonlyMap<string, CrmRecord>,
): StockMove[] {
  const needs = new Map<string, number>();
  for (const { productId, quantity } of lines) {
    if (productId === null || typeof products.get(productId)?.stock !== 'number') continue;
    needs.set(productId, (needs.get(productId) ?? 0) + quantity);
  }
  if (needs.size > maxProducts) {
    throw validationFailed([
      {
        pointer: '/lines',
        code: 'too_many',
        message: `have ${needs.size} products whose stock is tracked and one transaction takes ${maxProducts}; split the order`,
      },
    ]);
  }
  return [...needs].map(([productId, quantity]) => ({ productId, quantity }));
}

/**
 * What takes the needs out of stock, on the products as they were read: a race is decided by their versions.
 * @throws {Problem} `conflict` naming every line that asks for more than there is
 */
export function takeStock(
  needs: readonly StockMove[],
  lines: readonly { productId: string | null }[],
  products: ReadonlyMap<string, CrmRecord>,
  actor: Actor,
): PlannedWrite[] {
  const short = new Map(
    needs.flatMap(({ productId, quantity }): [string, string][] => {
      const stock = Number(products.get(productId)?.stock);
      return stock < quantity ? [[productId, `asks for ${quantity} in all and ${stock} are in stock`]] : [];
    }),
  );
  if (short.size > 0) {
    const errors = lines.flatMap(({ productId }, at): ProblemDetail[] => {
      const message = short.get(productId ?? '');
      return message ? [{ pointer: `/lines/${at}/quantity`, code: 'insufficient_stock', message }] : [];
    });
    throw new Problem('conflict', 'There is not enough in stock for this order', { errors });
  }
  return changeStock(
    needs.map(({ productId, quantity }) => ({ productId, quantity: -quantity })),
    products,
    actor,
  );
}

function changeStock(
  changes: readonly StockMove[],
  products: ReadonlyMap<string, CrmRecord>,
  actor: Actor,
): PlannedWrite[] {
  return changes.flatMap(({ productId, quantity }) => {
    const before = products.get(productId);
    return before ? [replaceAtVersion(product, moved(before, quantity, actor), before.version, actor)] : [];
  });
}

function moved(before: CrmRecord, quantity: number, actor: Actor): CrmRecord {
  return {
    ...before,
    stock: Number(before.stock) + quantity,
    version: before.version + 1,
    updatedAt: instant(),
    updatedBy: actor.caller.subject,
  };
}

/**
 * What gives back what was taken, also to products that are deleted: they may be restored. Those that are gone or no
 * longer tracked are passed over.
 * @param items of the products
 */
export function returnStock(
  moves: readonly StockMove[],
  items: readonly Item[],
  actor: Actor,
): PlannedWrite[] {
  return moves.flatMap(({ productId, quantity }) => {
    const item = items.find(({ id }) => id === productId);
    if (typeof item?.stock !== 'number') return [];
    const before = toRecord(product, item);
    const after = moved(before, quantity, actor);
    const replacement = replaceAtVersion(product, after, before.version, actor);
    if (item.deletedAt === undefined) return [replacement];
    // Deleted it stays: in no index, and with its time to live.
    for (const attribute of indexAttributeNames(product)) delete replacement.write.item[attribute];
    Object.assign(replacement.write.item, { deletedAt: item.deletedAt, ttl: item.ttl });
    return [replacement];
  });
}
