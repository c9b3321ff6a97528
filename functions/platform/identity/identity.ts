import type { Caller } from '../../shared/caller.ts';

/** Who stands behind a credential, and until when it can hold. */
export interface Identity {
  caller: Caller;
  /** Epoch seconds; absent for API keys that do not expire. */
  expiresAt?: number;
}

/** A credential that is not accepted; the message is meant for its sender and tells an attacker nothing. */
export class Rejected extends Error {
  override readonly name = 'Rejected';
}

/** Tenants are part of partition keys, so their names hold no `#`; `system` is ours. */
export function isTenantId(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(value) && value !== 'system';
}
