import { randomBytes } from 'node:crypto';
import { decodeFacts, encodeFacts, factParts, type TaskFacts } from '../indexes/facts.ts';
import type { Hold } from '../limits/slots.ts';

/** What a lease token says of the lease; to be trusted once the stored token is known to be the same. */
export interface Lease {
  facts: TaskFacts;
  type: string;
  /** The slot of a type that limits how many of its tasks are worked on at one time. */
  hold?: Hold;
}

/** The part of a token that nobody can guess: 128 random bits. */
export function newSecret(): string {
  return randomBytes(16).toString('base64url');
}

const secretLength = 22;
const slotSeparator = '~';

/**
 * A fencing token: the secret, with the slot where there is one, then what settling the lease needs to know.
 * It is compared as a whole with the one on the task, so a token with altered facts is simply a wrong one.
 */
export function newLeaseToken({ facts, type, hold }: Lease): string {
  const secret = hold ? `${hold.secret}${slotSeparator}${hold.slot}` : newSecret();
  return `${secret}.${encodeFacts(facts)}.${type}`;
}

/** Reads a token; undefined when it is none of ours. */
export function readLeaseToken(token: string): Lease | undefined {
  const [first = '', ...parts] = token.split('.');
  const [secret = '', slot, ...rest] = first.split(slotSeparator);
  if (secret.length !== secretLength || rest.length > 0 || parts.length <= factParts) return undefined;
  if (slot !== undefined && !/^\d{1,3}$/.test(slot)) return undefined;
  try {
    return {
      facts: decodeFacts(parts.slice(0, factParts).join('.')),
      type: parts.slice(factParts).join('.'),
      ...(slot !== undefined && { hold: { slot: Number(slot), secret } }),
    };
  } catch {
    return undefined;
  }
}
