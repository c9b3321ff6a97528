import { type PageQuery, parsePage } from '../../platform/parse-page.ts';
import type { Actor } from '../../shared/actor.ts';
import { headObject } from '../../shared/aws/s3.ts';
import { now } from '../../shared/clock.ts';
import { decodeCursor, encodeCursor } from '../../shared/cursor.ts';
import type { Item } from '../../shared/dynamo/item.ts';
import { batchGetItems, ConditionFailed, getItem, queryPage, updateItem } from '../../shared/dynamo/table.ts';
import { mapConcurrently } from '../../shared/map-concurrently.ts';
import { presignedDownload, urlSeconds } from '../../shared/presigned-file.ts';
import { notFound, validationFailed } from '../../shared/problem.ts';
import { type AboutRecord, type Attachment, aboutRecord, type FoundAttachment } from './attachment.ts';
import { aboutPartition, attachmentFileKey, attachmentKey, toAttachment } from './attachment-items.ts';
import { removeAttachment } from './remove-attachment.ts';

/** How long after its URL has ended an upload may still be under way, in seconds. */
const uploadGraceSeconds = 3_600;
const lookedAtOnce = 10;

/**
 * One attachment with a URL to download it: one GetItem, and a look for the file while it is pending.
 * @throws {Problem} `not_found`, also for one whose file never came
 */
export async function getAttachment(id: string, { caller }: Actor): Promise<FoundAttachment> {
  const attachment = await settled(await readAttachment(id, caller.tenantId), caller.tenantId);
  if (!attachment) throw notFound('attachment', id);
  const stored = attachment.status === 'stored';
  const download = stored ? await presignedDownload(attachmentFileKey(caller.tenantId, attachment)) : null;
  return { ...attachment, download };
}

/** @throws {Problem} `not_found` */
export async function readAttachment(id: string, tenantId: string): Promise<Attachment> {
  const item = /^att_[0-9A-Z]{26}$/.test(id)
    ? await getItem('platform', attachmentKey(tenantId, id))
    : undefined;
  if (!item) throw notFound('attachment', id);
  return toAttachment(item);
}

/**
 * The attachments of a record, newest first: one Query of keys, one BatchGetItem, and a look for each file that is
 * pending. Those whose file never came are left out.
 * @throws {Problem} `validation_failed`, `invalid_cursor`
 */
export async function listAttachments(
  query: PageQuery & { about?: string },
  { caller: { tenantId } }: Actor,
): Promise<{ data: Attachment[]; page: { nextCursor: string | null } }> {
  const about = parseAbout(query.about);
  const scope = JSON.stringify([tenantId, 'attachments', about]);
  const { limit, cursor } = parsePage(query);
  const pk = aboutPartition(tenantId, about);
  const [after] = cursor === undefined ? [] : decodeCursor(cursor, scope);
  const { items, lastKey } = await queryPage({
    table: 'platform',
    key: { text: 'pk = :pk', values: { ':pk': pk } },
    limit,
    descending: true,
    ...(after !== undefined && { startKey: { pk, sk: after } }),
  });
  const keys = items.map(({ sk }: Item) => attachmentKey(tenantId, String(sk)));
  const found = (await batchGetItems('platform', keys, { consistent: true })).map(toAttachment);
  const data = await mapConcurrently(found, lookedAtOnce, (attachment) => settled(attachment, tenantId));
  return {
    data: data.filter((attachment) => attachment !== undefined),
    page: { nextCursor: lastKey ? encodeCursor([String(lastKey.sk)], scope) : null },
  };
}

function parseAbout(text: string | undefined): AboutRecord {
  const [type, id] = text?.split(':') ?? [];
  const parsed = aboutRecord.safeParse({ type, id });
  if (parsed.success) return parsed.data;
  throw validationFailed([
    { parameter: 'about', code: 'invalid_value', message: 'must name a record, such as contact:con_01H…' },
  ]);
}

/** The attachment as it stands now: `stored` once its file is there, nothing when that never came. */
async function settled(attachment: Attachment, tenantId: string): Promise<Attachment | undefined> {
  if (attachment.status === 'stored') return attachment;
  const file = await headObject(attachmentFileKey(tenantId, attachment));
  if (file?.sizeBytes === attachment.sizeBytes) return markStored(attachment, tenantId);
  const lost = Date.parse(attachment.createdAt) + (urlSeconds + uploadGraceSeconds) * 1_000;
  if (now().getTime() < lost) return attachment;
  await removeAttachment(attachment, tenantId);
  return undefined;
}

/** Seen once, it need not be looked for again. */
async function markStored(attachment: Attachment, tenantId: string): Promise<Attachment | undefined> {
  try {
    const item = await updateItem(
      'platform',
      attachmentKey(tenantId, attachment.id),
      { text: 'SET #status = :stored', names: { '#status': 'status' }, values: { ':stored': 'stored' } },
      { text: 'attribute_exists(pk)' },
    );
    return toAttachment(item);
  } catch (error) {
    if (error instanceof ConditionFailed) return undefined;
    throw error;
  }
}
