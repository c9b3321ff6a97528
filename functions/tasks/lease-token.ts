import { randomBytes } from 'node:crypto';
import { decodeFacts, encodeFacts, factParts, type TaskFacts } from './facts.ts';

/** What a lease token says of the lease; to be trusted once the stored token is known to be the same. */
export interface Lease {
  facts: TaskFacts;
  type: string;
}

/**
 * A fencing token: 128 random bits nobody can guess, then what settling the lease needs to know.
 * It is compared as a whole with the one on the task, so a token with altered facts is simply a wrong one.
 */
export function newLeaseToken({ facts, type }: Lease): string {
  return `${randomBytes(16).toString('base64url')}.${encodeFacts(facts)}.${type}`;
}

/** Reads a token; undefined when it is none of ours. */
export function readLeaseToken(token: string): Lease | undefined {
  const [random = '', ...parts] = token.split('.');
  if (random.length !== 22 || parts.length <= factParts) return undefined;
  try {
    return {
      facts: decodeFacts(parts.slice(0, factParts).join('.')),
      type: parts.slice(factParts).join('.'),
    };
  } catch {
    return undefined;
  }
}
