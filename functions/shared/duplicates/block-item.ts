import type { Item, Key } from '../dynamo/item.ts';
import { type BlockKind, blocksOf } from './block-keys.ts';

/** The blocks of one kind, their members side by side in the order of ids. */
export function blockPartition(tenantId: string, kind: BlockKind): string {
  return `${tenantId}#blocks#contact#${kind}`;
}

/** A contact as a member of each of its blocks, in the table `views`. */
export function blockItems(tenantId: string, contact: Item): (Item & Key)[] {
  return blocksOf(contact).map(({ kind, key }) => ({
    pk: blockPartition(tenantId, kind),
    sk: `${key}#${contact.id}`,
  }));
}
