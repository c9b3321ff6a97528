import { contributionsOf } from '../../platform/counting/contributions.ts';
import {
  newCountersKey,
  type RecountMarker,
  recountEnd,
  recountKey,
  toMarker,
} from '../../platform/counting/recount-marker.ts';
import { Tally } from '../../platform/counting/tally.ts';
import { instant, now } from '../../shared/clock.ts';
import type { FollowedEntity } from '../../shared/counted-fields.ts';
import { ConditionFailed, deleteItem, getItem, putItem } from '../../shared/dynamo/table.ts';
import { maxTransactionWrites, transactWrite } from '../../shared/dynamo/transaction.ts';
import { parseLossless } from '../../shared/json.ts';
import { validate } from '../../shared/validation.ts';
import { recountedEntities, recountInput } from '../../tasks/recount/create-recount.ts';
import { type BuiltinContext, type BuiltinOutcome, TaskFailure } from '../builtin.ts';
import { correctCounters } from './correct-counters.ts';
import { type CountedRow, countedStates } from './count-rows.ts';
import { note, type RecountState, stateOf } from './recount-state.ts';
import { readRows } from './source-rows.ts';

const usual = {
  /** Rows that are read at a time. */
  pageSize: 300,
  /** How long a write may wait to be followed before it is taken for lost, in milliseconds. */
  patienceMillis: 10 * 60_000,
};
/** Progress is told so often, in milliseconds. */
const reportMillis = 5_000;
/** Counters that are moved at once: the expression that moves those of one item has at most 4 KB (AWS). */
const maxCounters = 200;
/** A marker that ends this soon is no good any more, in milliseconds; no run takes so long. */
const lastMillis = 30 * 60_000;
/** A run ends so long before its time, in milliseconds. */
const marginMillis = 3_000;

/**
 * Counts a tenant's records and tasks anew and corrects its counters while writes go on; see POST
 * /api/system/counters/rebuild. Its result is `{records, corrected, differences}`. How far it has come is in the
 * marker of each entity, written together with what was counted, so that a run after a crash counts nothing twice.
 */
export async function rebuildCounters(context: BuiltinContext, pace = usual): Promise<BuiltinOutcome> {
  const { task } = context;
  const input = validate(recountInput, parseLossless(task.input ?? 'null'));
  const state = stateOf(task);
  let reported = Date.now();
  const remaining = () => context.remainingMillis() - marginMillis;
  for (const entity of input.entities ?? recountedEntities) {
    if (state.done[entity] !== undefined) continue;
    let marker = await markerOf(task.tenantId, entity, task.id);
    for (;;) {
      if (Date.now() - reported >= reportMillis) {
        reported = Date.now();
        if (await context.report(progressOf(state, entity, marker), JSON.stringify(state))) {
          await deleteItem('views', recountKey(task.tenantId, entity));
          return { checkpoint: JSON.stringify(state) };
        }
      }
      if (remaining() <= 0) return { checkpoint: JSON.stringify(state) };
      const page = await countPage(task.tenantId, entity, marker, state, { ...pace, remaining });
      if (page) marker = page.counted;
      if (page?.isLast) break;
    }
    note(state, await correctCounters(task.tenantId, entity, marker));
    state.done[entity] = marker.records;
    await deleteItem('views', recountKey(task.tenantId, entity));
  }
  const { done: records, corrected, differences } = state;
  return {
    result: { records, corrected, differences },
    progress: { percent: 100, message: messageOf(state) },
  };
}

/** The marker that this task has put, or a new one. @throws {TaskFailure} while another recount is at work */
async function markerOf(tenantId: string, entity: FollowedEntity, taskId: string): Promise<RecountMarker> {
  const key = recountKey(tenantId, entity);
  const found = await getItem('views', key);
  const at = now();
  // Its own may have ended, too: then what it has counted is given up.
  if (found && Date.parse(String(found.until)) > at.getTime() + lastMillis) {
    const marker = toMarker(found);
    if (marker.id.endsWith(taskId)) return marker;
    throw new TaskFailure('recount_running', 'Another recount of the same counters is at work', {
      retryable: true,
    });
  }
  const { until, ttl } = recountEnd(at);
  const id = `${entity}#${at.getTime()}#${taskId}`;
  const marker = { id, startedAt: instant(at), until, position: '', records: 0 };
  try {
    await putItem(
      'views',
      { ...key, ...marker, ttl },
      {
        text: found ? '#id = :id' : 'attribute_not_exists(pk)',
        ...(found && { names: { '#id': 'id' }, values: { ':id': found.id } }),
      },
    );
  } catch (error) {
    if (error instanceof ConditionFailed) return markerOf(tenantId, entity, taskId);
    throw error;
  }
  return marker;
}

/** @returns the marker after the page, and whether it was the last one; undefined: there was no time to wait */
async function countPage(
  tenantId: string,
  entity: FollowedEntity,
  marker: RecountMarker,
  state: RecountState,
  { pageSize, patienceMillis, remaining }: typeof usual & { remaining(): number },
): Promise<{ counted: RecountMarker; isLast: boolean } | undefined> {
  const { items, next } = await readRows(tenantId, entity, marker.position, pageSize);
  const waited = state.waitingSince === null ? 0 : Date.now() - state.waitingSince;
  const patience = { millis: Math.max(0, patienceMillis - waited), remainingMillis: remaining };
  const rows = await countedStates(tenantId, entity, items, marker, patience);
  if (!rows) {
    state.waitingSince ??= Date.now();
    return undefined;
  }
  state.waitingSince = null;
  let counted = marker;
  for (const group of inGroups(tenantId, entity, rows)) {
    counted = await addRows(tenantId, entity, counted, group, group.at(-1)?.id ?? counted.position);
  }
  // Rows at the end of the page may have been removed meanwhile.
  if (next !== undefined && next !== counted.position) {
    counted = await addRows(tenantId, entity, counted, [], next);
  }
  return { counted, isLast: next === undefined };
}

/** As many rows as one transaction has room for, beside the marker. */
function inGroups(tenantId: string, entity: FollowedEntity, rows: CountedRow[]): CountedRow[][] {
  const groups: CountedRow[][] = [];
  let items = new Set<string>();
  let counters = new Set<string>();
  for (const row of rows) {
    const contributions = row.state ? contributionsOf(tenantId, entity, row.state) : [];
    const touched = contributions.map(({ key: { pk, sk } }) => `${pk} ${sk}`);
    const moved = contributions.map(({ key: { sk }, counter }) => `${sk} ${counter}`);
    items = new Set([...items, ...touched]);
    counters = new Set([...counters, ...moved]);
    const current = groups.at(-1);
    if (current && items.size < maxTransactionWrites && counters.size <= maxCounters) {
      current.push(row);
    } else {
      groups.push([row]);
      items = new Set(touched);
      counters = new Set(moved);
    }
  }
  return groups;
}

/** Adds rows to the new counters and moves the marker, both or neither. */
async function addRows(
  tenantId: string,
  entity: FollowedEntity,
  marker: RecountMarker,
  rows: CountedRow[],
  position: string,
): Promise<RecountMarker> {
  const tally = new Tally();
  for (const { state } of rows) if (state) tally.add(contributionsOf(tenantId, entity, state));
  const end = Math.ceil(Date.parse(marker.until) / 1_000);
  const records = marker.records + rows.length;
  await transactWrite([
    {
      kind: 'update',
      table: 'views',
      key: recountKey(tenantId, entity),
      update: {
        text: 'SET #position = :position, #records = :records',
        names: { '#position': 'position', '#records': 'records', '#id': 'id' },
        values: { ':position': position, ':records': records, ':id': marker.id, ':before': marker.position },
      },
      condition: { text: '#id = :id AND #position = :before' },
    },
    ...tally.writes((key) => newCountersKey(key, marker.id), end),
  ]);
  return { ...marker, position, records };
}

function progressOf({ done }: RecountState, entity: FollowedEntity, { records }: RecountMarker) {
  const all = Object.values(done).reduce((sum, count) => sum + count, records);
  return { message: `${all} looked at; now those of ${entity}` };
}

function messageOf({ done, corrected }: RecountState): string {
  const all = Object.values(done).reduce((sum, count) => sum + count, 0);
  return `${all} looked at, ${corrected} counters corrected`;
}
