import * as z from 'zod/mini';
import { parsePage } from '../../platform/parse-page.ts';
import type { Actor } from '../../shared/actor.ts';
import { decodeCursor, encodeCursor } from '../../shared/cursor.ts';
import { type Block, type BlockKind, blockKinds, blocksOf } from '../../shared/duplicates/block-keys.ts';
import type { Item } from '../../shared/dynamo/item.ts';
import { validationFailed } from '../../shared/problem.ts';
import { contact } from '../contacts/contact.ts';
import { getRecord } from '../records/find-records.ts';
import { type ReadBlock, readBlock, readBlocks, readMembers } from './read-blocks.ts';
import { duplicateReasons, scorePair } from './score-pair.ts';

/** A contact, as far as one needs to tell it from its double. */
const candidate = z.object({
  id: z.string(),
  name: z.string(),
  email: z.nullable(z.string()),
  phone: z.nullable(z.string()),
  title: z.nullable(z.string()),
  companyId: z.nullable(z.string()),
  createdAt: z.string(),
});

const pair = z.object({
  contacts: z.array(candidate),
  score: z.int(),
  reasons: z.array(z.enum(duplicateReasons)),
});

export const duplicatesPage = z.object({
  data: z.array(pair),
  page: z.object({ nextCursor: z.nullable(z.string()) }),
  /** Blocks with more than 25 members: only their first 25 have been compared. */
  cutBlocks: z.int(),
});

export type DuplicatesPage = z.infer<typeof duplicatesPage>;
type Pair = z.infer<typeof pair>;

export interface DuplicatesQuery {
  limit?: string;
  cursor?: string;
  minScore?: string;
}

/** More likely the same than not, with something to spare. */
const defaultMinScore = 60;
/** Rows of blocks in one Query, and in a page. */
const rowsAtOnce = 400;
const rowsOfPage = 1_000;

/**
 * A page of pairs that may be the same person, each once. It reads at most so many rows and may hold fewer pairs
 * than asked for, even none, and still have a cursor: its cost is bounded, whatever the tenant holds.
 * @throws {Problem} `validation_failed`, `invalid_cursor`
 */
export async function listDuplicates(query: DuplicatesQuery, { caller }: Actor): Promise<DuplicatesPage> {
  const { limit, cursor } = parsePage(query);
  const minScore = parseMinScore(query.minScore);
  const { tenantId } = caller;
  const scope = JSON.stringify([tenantId, 'duplicates', minScore]);
  const [kind = blockKinds[0], key = '', done = '0'] =
    cursor === undefined ? [] : decodeCursor(cursor, scope);
  const search = new Search(tenantId, minScore);
  let at: Block = { kind: kind as BlockKind, key };
  let skip = Number(done);
  let rows = 0;
  const pairs: Pair[] = [];
  let cutBlocks = 0;
  const answer = (position: [BlockKind, string, number] | undefined): DuplicatesPage => ({
    data: pairs,
    page: { nextCursor: position ? encodeCursor(position.map(String), scope) : null },
    cutBlocks,
  });
  for (;;) {
    const { blocks, next, ...page } = await readBlocks(tenantId, at, rowsAtOnce);
    rows += page.read;
    await search.know(blocks);
    for (const block of blocks) {
      if (block.cut && (skip === 0 || block !== blocks[0])) cutBlocks += 1;
      for (const [index, found] of (await search.pairsOf(block)).entries()) {
        if (block === blocks[0] && index < skip) continue;
        if (pairs.length === limit) return answer([block.kind, block.key, index]);
        pairs.push(found);
      }
    }
    skip = 0;
    const following = next === undefined ? blockKinds[blockKinds.indexOf(at.kind) + 1] : at.kind;
    if (following === undefined) return answer(undefined);
    at = { kind: following, key: next ?? '' };
    if (rows >= rowsOfPage || pairs.length === limit) return answer([at.kind, at.key, 0]);
  }
}

/**
 * The contacts that may be the same person as one, the likeliest first: a Query for each of its blocks, at most
 * seven, and the members of those.
 * @throws {Problem} `not_found`, `validation_failed`
 */
export async function duplicatesOf(
  id: string,
  query: Omit<DuplicatesQuery, 'cursor'>,
  actor: Actor,
): Promise<DuplicatesPage> {
  const { limit } = parsePage(query);
  const minScore = parseMinScore(query.minScore);
  const { tenantId } = actor.caller;
  const record = await getRecord(contact, id, actor);
  const blocks = await Promise.all(blocksOf(record).map((block) => readBlock(tenantId, block)));
  const members = await readMembers(
    tenantId,
    blocks.flatMap(({ ids }) => ids),
  );
  members.delete(record.id);
  const pairs: Pair[] = [...members.values()]
    .map((other) => pairOf(record, other))
    .filter(({ score }) => score >= minScore)
    .sort((a, b) => b.score - a.score);
  return {
    data: pairs.slice(0, limit),
    page: { nextCursor: null },
    cutBlocks: blocks.filter(({ cut }) => cut).length,
  };
}

/** The pairs of blocks; what a page has read is remembered for it. */
class Search {
  readonly #tenantId: string;
  readonly #minScore: number;
  readonly #members = new Map<string, Item>();
  readonly #blocks = new Map<string, Promise<ReadBlock>>();

  constructor(tenantId: string, minScore: number) {
    this.#tenantId = tenantId;
    this.#minScore = minScore;
  }

  /** Reads the members of blocks that have several. */
  async know(blocks: ReadBlock[]): Promise<void> {
    const ids = blocks.flatMap((block) => (block.ids.length > 1 ? block.ids : []));
    const members = await readMembers(
      this.#tenantId,
      ids.filter((id) => !this.#members.has(id)),
    );
    for (const [id, item] of members) this.#members.set(id, item);
    for (const block of blocks) this.#blocks.set(nameOf(block), Promise.resolve(block));
  }

  /** In the order of ids. A pair that shares an earlier block was found there, unless that was cut before it. */
  async pairsOf(block: ReadBlock): Promise<Pair[]> {
    const members = block.ids.map((id) => this.#members.get(id)).filter((item) => item !== undefined);
    const pairs: Pair[] = [];
    for (const [at, a] of members.entries()) {
      for (const b of members.slice(at + 1)) {
        const found = pairOf(a, b);
        if (found.score >= this.#minScore && (await this.#isFirst(block, a, b))) pairs.push(found);
      }
    }
    return pairs;
  }

  async #isFirst(block: Block, a: Item, b: Item): Promise<boolean> {
    const others = new Set(blocksOf(b).map(nameOf));
    for (const shared of blocksOf(a).filter((one) => others.has(nameOf(one)))) {
      if (nameOf(shared) === nameOf(block)) return true;
      const { ids } = await this.#block(shared);
      if (ids.includes(String(a.id)) && ids.includes(String(b.id))) return false;
    }
    // Changed since the block was read.
    return false;
  }

  #block(block: Block): Promise<ReadBlock> {
    const name = nameOf(block);
    const known = this.#blocks.get(name) ?? readBlock(this.#tenantId, block);
    this.#blocks.set(name, known);
    return known;
  }
}

const nameOf = ({ kind, key }: Block) => `${kind} ${key}`;

function pairOf(a: Record<string, unknown>, b: Record<string, unknown>): Pair {
  return { contacts: [shown(a), shown(b)], ...scorePair(a, b) };
}

function shown(record: Record<string, unknown>): z.infer<typeof candidate> {
  const { id, name, email = null, phone = null, title = null, companyId = null, createdAt } = record;
  return { id, name, email, phone, title, companyId, createdAt } as z.infer<typeof candidate>;
}

function parseMinScore(text: string | undefined): number {
  const score = text === undefined ? defaultMinScore : /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (score >= 1 && score <= 100) return score;
  throw validationFailed([
    { parameter: 'minScore', code: 'invalid_value', message: 'must be a whole number from 1 to 100' },
  ]);
}
