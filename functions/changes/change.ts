import type { FieldChange, HistoryAction } from '../platform/history-item.ts';
import { countedFields, type FollowedEntity } from '../shared/counted-fields.ts';
import type { Item } from '../shared/dynamo/item.ts';
import { differencesOf } from './differences.ts';

/** One write of a record or task, as the stream tells it. */
export interface Change {
  tenantId: string;
  entity: FollowedEntity;
  id: string;
  version: number;
  action: HistoryAction;
  /** When it was written. */
  at: string;
  actor: string;
  requestId: string;
  changes: FieldChange[];
  /** The living record before and after; absent where there was none or it was deleted. */
  before?: Item;
  after?: Item;
}

/** A stream record that does not look like anything that Tandem writes. */
export class PoisonRecord extends Error {
  override readonly name = 'PoisonRecord';
}

/**
 * What a write meant.
 * @param before the item before it, absent for a new one
 * @param after the item after it, absent when it was removed
 * @returns undefined for a write that nobody needs to hear of
 * @throws {PoisonRecord}
 */
export function toChange(before: Item | undefined, after: Item | undefined): Change | undefined {
  const item = after ?? before;
  if (!item) throw new PoisonRecord('a stream record without images');
  if (isSideItem(item)) return undefined;
  const { entity, id } = item;
  if (typeof entity !== 'string' || !Object.hasOwn(countedFields, entity) || typeof id !== 'string') {
    throw new PoisonRecord(`an item of no known entity: ${item.pk} ${item.sk}`);
  }
  const known = entity as FollowedEntity;
  const change = {
    tenantId: tenantOf(item),
    entity: known,
    id,
    ...(isLiving(before) && { before }),
    ...(isLiving(after) && { after }),
  };
  if (!after) return removed(change, item);
  const { version, updatedAt, updatedBy, requestId } = after;
  if (!Number.isSafeInteger(version) || typeof updatedAt !== 'string') {
    throw new PoisonRecord(`an item without version or time: ${item.pk} ${item.sk}`);
  }
  return {
    ...change,
    version: version as number,
    action: actionOf(before, after),
    at: updatedAt,
    actor: String(updatedBy ?? ''),
    requestId: String(requestId ?? ''),
    changes: changesOf(known, before, after),
  };
}

/**
 * Bookkeeping beside records and tasks, which the filters of the streams keep away (lib/processing.ts): guards of
 * unique values, and in the tasks table everything that is not a task, such as the edges to dependent tasks.
 */
function isSideItem({ pk, sk }: Item): boolean {
  return sk === 'guard' || (sk !== 'task' && /^[^#]*#(task|schedule)/.test(String(pk)));
}

/** The end of the time to live: of deleted records, which count for nothing any more, and of ended tasks, which did. */
function removed(
  change: Pick<Change, 'tenantId' | 'entity' | 'id' | 'before'>,
  item: Item,
): Change | undefined {
  if (!change.before) return undefined;
  return {
    ...change,
    version: Number(item.version) + 1,
    action: 'deleted',
    at: String(item.updatedAt),
    actor: 'system',
    requestId: '',
    changes: [],
  };
}

function tenantOf({ pk }: Item): string {
  const [tenantId] = String(pk).split('#');
  if (!tenantId) throw new PoisonRecord(`an item without a tenant: ${pk}`);
  return tenantId;
}

function isLiving(item: Item | undefined): item is Item {
  return item !== undefined && item.deletedAt === undefined;
}

/** Where a merged record has gone; a deletion changes no field. */
function partOf({ mergedInto }: Item): FieldChange[] {
  return mergedInto === undefined ? [] : [{ field: 'mergedInto', old: null, new: mergedInto }];
}

/** A write to a record that stays deleted, as when an order gives back the stock of a product. */
function staysDeleted(before: Item | undefined, after: Item): before is Item {
  return (
    before?.deletedAt !== undefined && after.deletedAt !== undefined && before.mergedInto === after.mergedInto
  );
}

function changesOf(entity: FollowedEntity, before: Item | undefined, after: Item): FieldChange[] {
  if (staysDeleted(before, after)) return differences(entity, before, after);
  return isLiving(after) ? differences(entity, isLiving(before) ? before : undefined, after) : partOf(after);
}

function actionOf(before: Item | undefined, after: Item): HistoryAction {
  if (!before) return 'created';
  if (staysDeleted(before, after)) return 'updated';
  const ended = after.mergedInto === undefined ? 'deleted' : 'merged';
  if (!isLiving(after)) return ended;
  return isLiving(before) ? 'updated' : 'restored';
}

/** Bookkeeping of every item; index attributes end in `Pk` and `Sk`. */
const bookkeeping = new Set([
  ...['pk', 'sk', 'ttl', 'entity', 'requestId', 'deletedAt', 'mergedInto', 'mergeId'],
  ...['id', 'version', 'createdAt', 'createdBy', 'updatedAt', 'updatedBy'],
]);

/** Of a task only what people ask about later: leases and results have their own place in it. */
const toldOfTasks = new Set(['type', 'state', 'title', 'priority', 'assigneeId', 'dueAt', 'about']);

/** The last stages of a deal: its history has them by the changes of its stage. */
const ownHistory = 'stageHistory';

/** The members that a caller sees of an item, as far as they are set. */
export function isMember(entity: FollowedEntity, name: string): boolean {
  if (entity === 'task') return toldOfTasks.has(name);
  return !bookkeeping.has(name) && !/[PS]k$/.test(name);
}

function differences(entity: FollowedEntity, before: Item | undefined, after: Item): FieldChange[] {
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after)]);
  return differencesOf(
    before ?? {},
    after,
    [...names].filter((name) => isMember(entity, name) && name !== ownHistory),
  );
}
