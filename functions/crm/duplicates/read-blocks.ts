import { blockPartition } from '../../shared/duplicates/block-item.ts';
import type { Block } from '../../shared/duplicates/block-keys.ts';
import type { Item } from '../../shared/dynamo/item.ts';
import { batchGetItems, queryPage } from '../../shared/dynamo/table.ts';
import { contact } from '../contacts/contact.ts';
import { isLiving, recordKey } from '../records/record-item.ts';

/** Members of a block that are compared: 300 pairs. Of a larger one, the first by id. */
export const comparedMembers = 25;

/** A block with those of its members that are compared. */
export interface ReadBlock extends Block {
  ids: string[];
  /** It has more members than are compared. */
  cut: boolean;
}

/** Sorts after every id. */
const afterMembers = '#~';

/** The members of one block: one Query. */
export async function readBlock(tenantId: string, block: Block): Promise<ReadBlock> {
  const { items } = await queryPage({
    table: 'views',
    key: {
      text: 'pk = :pk AND sk BETWEEN :first AND :last',
      values: {
        ':pk': blockPartition(tenantId, block.kind),
        ':first': `${block.key}#`,
        ':last': `${block.key}${afterMembers}`,
      },
    },
    limit: comparedMembers + 1,
    project: ['sk'],
  });
  return gathered(
    block,
    items.map(memberOf).map(({ id }) => id),
  );
}

/**
 * The blocks of a kind from a key on.
 * @param rows read at most
 * @returns whole blocks, how many rows were read, and the key to go on from; absent at the end of the kind
 */
export async function readBlocks(
  tenantId: string,
  { kind, key }: Block,
  rows: number,
): Promise<{ blocks: ReadBlock[]; read: number; next?: string }> {
  const { items, lastKey } = await queryPage({
    table: 'views',
    key: {
      text: 'pk = :pk AND sk >= :key',
      values: { ':pk': blockPartition(tenantId, kind), ':key': key === '' ? ' ' : key },
    },
    limit: rows,
    project: ['sk'],
  });
  const groups = Map.groupBy(items.map(memberOf), (member) => member.key);
  const blocks = [...groups].map(([name, members]) =>
    gathered(
      { kind, key: name },
      members.map(({ id }) => id),
    ),
  );
  const last = blocks.at(-1);
  const read = items.length;
  if (!lastKey || !last) return { blocks, read };
  // It may go on behind the last row; one that is cut already is passed over.
  if (last.cut) return { blocks, read, next: `${last.key}${afterMembers}` };
  return { blocks: blocks.slice(0, -1), read, next: last.key };
}

function memberOf({ sk }: Item): { key: string; id: string } {
  const [key = '', id = ''] = String(sk).split('#');
  return { key, id };
}

function gathered(block: Block, ids: string[]): ReadBlock {
  return { ...block, ids: ids.slice(0, comparedMembers), cut: ids.length > comparedMembers };
}

/** Living contacts by their ids: one BatchGetItem a hundred. */
export async function readMembers(tenantId: string, ids: Iterable<string>): Promise<Map<string, Item>> {
  const keys = [...new Set(ids)].map((id) => recordKey(contact, tenantId, id));
  const items = await batchGetItems('crm', keys);
  return new Map(items.filter(isLiving).map((item) => [String(item.id), item]));
}
