import { now } from '../../shared/clock.ts';
import type { Item, Key } from '../../shared/dynamo/item.ts';
import { getItem } from '../../shared/dynamo/table.ts';
import { type SealedSecret, seal, unseal } from '../../shared/outgoing/sealed-secret.ts';
import { newSigningSecret } from '../../shared/outgoing/signing.ts';
import { shortCache } from '../../shared/short-cache.ts';
import type { PlannedWrite } from '../../shared/write-plan.ts';

/** The secrets of a type: apart from the type itself, which many read and which is kept in every version. */
export interface SecretItem extends Item {
  current: SealedSecret;
  previous?: SealedSecret;
  /** ISO 8601. */
  previousExpiresAt?: string;
  rotation: number;
}

export const secretKey = (tenantId: string, type: string): Key => ({
  pk: `${tenantId}#tasktypesecret`,
  sk: type,
});
/** What the secrets are sealed for. */
export const ownerOf = (tenantId: string, type: string) => `${tenantId}#tasktype#${type}`;

/** The first secret of a type that is about to be registered; the write goes with that of the type. */
export async function planFirstSecret(
  tenantId: string,
  type: string,
): Promise<{ secret: string; write: PlannedWrite }> {
  const secret = newSigningSecret();
  const current = await seal(secret, ownerOf(tenantId, type));
  return { secret, write: putSecrets(tenantId, type, { current, rotation: 1 }, undefined) };
}

/** The write of a type's secrets over those of the rotation before; the first ones when there was none. */
export function putSecrets(
  tenantId: string,
  type: string,
  secrets: Item,
  rotationBefore: number | undefined,
): PlannedWrite {
  const item = { ...secretKey(tenantId, type), ...secrets };
  const condition =
    rotationBefore === undefined
      ? { text: 'attribute_not_exists(pk)' }
      : { text: 'rotation = :before', values: { ':before': rotationBefore } };
  return { write: { kind: 'put', table: 'platform', item, condition } };
}

interface OpenSecrets {
  current: string;
  previous?: { secret: string; expiresAt: number };
}

const openSecrets = /* @__PURE__ */ shortCache<OpenSecrets>(
  async (key) => {
    const [tenantId = '', type = ''] = key.split('#');
    const item = (await getItem('platform', secretKey(tenantId, type))) as SecretItem | undefined;
    if (!item) return undefined;
    const owner = ownerOf(tenantId, type);
    const previous = item.previous &&
      item.previousExpiresAt && {
        secret: await unseal(item.previous, owner),
        expiresAt: Date.parse(item.previousExpiresAt),
      };
    return { current: await unseal(item.current, owner), ...(previous && { previous }) };
  },
  { seconds: 30 },
);

/** The secrets that sign the calls of a type now, the newest first; at most 30 s old, empty when it has none. */
export async function liveSecrets(tenantId: string, type: string): Promise<string[]> {
  const open = await openSecrets(`${tenantId}#${type}`);
  if (!open) return [];
  const { current, previous } = open;
  return previous && previous.expiresAt > now().getTime() ? [current, previous.secret] : [current];
}
