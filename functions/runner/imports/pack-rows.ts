import type { Key } from '../../shared/dynamo/item.ts';
import { maxTransactionWrites, type Write } from '../../shared/dynamo/transaction.ts';
import type { PlannedRow } from './plan-row.ts';

/** Rows that one transaction writes. */
export type RowGroup = PlannedRow[];

/** How the rows of a wave are written. */
export interface PackedRows {
  /** Lanes may be written at the same time; the groups of one share an item and come one after another. */
  lanes: RowGroup[][];
  /** Rows that touch what another row writes: each by itself, in the order of the file, after the others. */
  alone: PlannedRow[];
}

/** Characters of the items of one transaction: AWS takes 4 MB, and a character has up to three bytes. */
const maxCharacters = 1_000_000;

interface OpenGroup {
  rows: RowGroup;
  keys: Set<string>;
  characters: number;
}

/**
 * Packs rows into as few transactions as possible. No item stands in two actions of a transaction: equal checks of a
 * record that several rows refer to are one.
 */
export function packRows(rows: readonly PlannedRow[]): PackedRows {
  const touched = new Map<string, string>();
  const groups: OpenGroup[] = [];
  const alone: PlannedRow[] = [];
  for (const row of rows) {
    const actions = new Map(row.writes.map(({ write }) => [itemName(write), kindOf(write)]));
    const collides = [...actions].some(([name, kind]) => {
      const earlier = touched.get(name);
      return earlier !== undefined && (earlier !== kind || kind === 'write');
    });
    const repeats = actions.size < row.writes.length;
    for (const [name, kind] of actions) touched.set(name, collides ? 'write' : kind);
    if (collides || repeats || actions.size > maxTransactionWrites) alone.push(row);
    else place(row, actions.keys(), groups);
  }
  return { lanes: inLanes(groups), alone };
}

function place(row: PlannedRow, names: Iterable<string>, groups: OpenGroup[]): void {
  const last = groups.at(-1);
  const added = [...names];
  const characters = row.writes.reduce((sum, { write }) => sum + sizeOf(write), 0);
  const fresh = last ? added.filter((name) => !last.keys.has(name)).length : 0;
  const fits =
    last && last.keys.size + fresh <= maxTransactionWrites && last.characters + characters <= maxCharacters;
  if (!fits) {
    groups.push({ rows: [row], keys: new Set(added), characters });
    return;
  }
  last.rows.push(row);
  last.characters += characters;
  for (const name of added) last.keys.add(name);
}

/** Two transactions at once on one item refuse each other, even where both only check it. */
function inLanes(groups: OpenGroup[]): RowGroup[][] {
  const lanes: { keys: Set<string>; groups: RowGroup[] }[] = [];
  for (const { rows, keys } of groups) {
    const lane = { keys: new Set(keys), groups: [] as RowGroup[] };
    for (const joined of lanes.filter((other) => [...keys].some((key) => other.keys.has(key)))) {
      lanes.splice(lanes.indexOf(joined), 1);
      for (const key of joined.keys) lane.keys.add(key);
      lane.groups.push(...joined.groups);
    }
    lane.groups.push(rows);
    lanes.push(lane);
  }
  return lanes.map((lane) => lane.groups);
}

/** The item that a write touches. */
export function itemName(write: Write): string {
  const { pk, sk }: Key = write.kind === 'put' ? write.item : write.key;
  return `${write.table} ${pk} ${sk}`;
}

/** What a row does to an item: rows that check the same of it do not stand in each other's way. */
function kindOf(write: Write): string {
  return write.kind === 'check'
    ? `check ${write.condition.text} ${JSON.stringify(write.condition.values ?? null)}`
    : 'write';
}

function sizeOf(write: Write): number {
  return write.kind === 'put' ? JSON.stringify(write.item).length : 500;
}
