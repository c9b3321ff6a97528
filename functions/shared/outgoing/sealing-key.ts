import { randomBytes, randomUUID } from 'node:crypto';
import { getObject, putObject } from '../aws/s3.ts';
import { ConditionFailed, getItem, putItem } from '../dynamo/table.ts';
import { shortCache } from '../short-cache.ts';

/**
 * The keys that signing secrets are sealed with lie in the bucket, apart from the table with the secrets: whoever
 * gets at one of the two, a backup, say, has nothing. They cost nothing while idle, unlike a KMS key
 * (docs/decisions/0031-webhook-secrets.md). The table only says which key is the current one.
 */
const pointer = { pk: 'system#webhook-key', sk: 'current' };
const objectName = (keyId: string) => `system/webhook-keys/${keyId}`;

export interface SealingKey {
  id: string;
  bytes: Buffer;
}

const keys = /* @__PURE__ */ shortCache<SealingKey>(
  async (id) => {
    const chunks: Uint8Array[] = [];
    const object = await getObject(objectName(id));
    if (!object) throw new Error(`the sealing key ${id} is not in the bucket`);
    for await (const chunk of object) chunks.push(chunk);
    return { id, bytes: Buffer.from(Buffer.concat(chunks).toString(), 'base64') };
  },
  { seconds: 3_600 },
);

/** @throws {Error} when the key is lost or may not be read */
export async function findSealingKey(id: string): Promise<SealingKey> {
  const key = await keys(id);
  if (!key) throw new Error(`the sealing key ${id} is empty`);
  return key;
}

/** The key for new secrets; made when it is needed for the first time. */
export async function currentSealingKey(): Promise<SealingKey> {
  const current = await getItem('platform', pointer);
  if (current) return findSealingKey(String(current.keyId));
  const key = { id: randomUUID(), bytes: randomBytes(32) };
  // First the object, then the pointer: a pointer never leads to nothing, a lost race leaves one unused object.
  await putObject(objectName(key.id), key.bytes.toString('base64'), 'text/plain');
  try {
    await putItem('platform', { ...pointer, keyId: key.id }, { text: 'attribute_not_exists(pk)' });
    return key;
  } catch (error) {
    if (!(error instanceof ConditionFailed) || !error.current) throw error;
    return findSealingKey(String(error.current.keyId));
  }
}
