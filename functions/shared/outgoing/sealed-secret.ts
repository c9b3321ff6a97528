import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { currentSealingKey, findSealingKey } from './sealing-key.ts';

/** A secret as stored: AES-256-GCM, base64 parts. */
export interface SealedSecret {
  keyId: string;
  iv: string;
  data: string;
  tag: string;
}

/** @param owner what the secret belongs to; it opens for nothing else */
export async function seal(secret: string, owner: string): Promise<SealedSecret> {
  const { id, bytes } = await currentSealingKey();
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', bytes, iv).setAAD(Buffer.from(owner));
  const data = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
  return {
    keyId: id,
    iv: iv.toString('base64'),
    data: data.toString('base64'),
    tag: cipher.getAuthTag().toString('base64'),
  };
}

/** @throws {Error} when the secret was changed or belongs to another owner */
export async function unseal({ keyId, iv, data, tag }: SealedSecret, owner: string): Promise<string> {
  const { bytes } = await findSealingKey(keyId);
  const decipher = createDecipheriv('aes-256-gcm', bytes, Buffer.from(iv, 'base64'))
    .setAAD(Buffer.from(owner))
    .setAuthTag(Buffer.from(tag, 'base64'));
  return decipher.update(data, 'base64', 'utf8') + decipher.final('utf8');
}
