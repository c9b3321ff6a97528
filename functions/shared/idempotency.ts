import { createHash } from 'node:crypto';
import { now } from './clock.ts';
import type { Item } from './dynamo/item.ts';
import { ConditionFailed, getItem, putItem } from './dynamo/table.ts';
import { Problem } from './problem.ts';
import { carryOut, type PlannedWrite } from './write-plan.ts';

/** The `Idempotency-Key` of a request and what it was sent with. */
export interface IdempotencyKey {
  tenantId: string;
  /** Who sent it: the keys of two callers have nothing to do with each other. */
  subject: string;
  key: string;
  /** Hash of method, path and body: the same key with another one is a mistake of the caller. */
  fingerprint: string;
  /** One operation of a batch; absent for the request as a whole. */
  part?: number;
}

/** An answer as it was first given. */
export interface StoredAnswer {
  status: number;
  headers: Record<string, string>;
  /** JSON text, so that it is replayed letter by letter. */
  body: string;
}

const keptSeconds = 24 * 60 * 60;

/** Bytes; an item ends at 400 KB (AWS) and holds more than the answer. */
const largestAnswer = 350_000;

/** Hashes what makes two requests the same. */
export function requestFingerprint(...parts: string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:${part}`);
  return hash.digest('base64url');
}

/** The key of one operation of a batch: its record commits with that operation's own writes. */
export function subKey(idempotency: IdempotencyKey | undefined, index: number): IdempotencyKey | undefined {
  return idempotency && { ...idempotency, part: index };
}

/**
 * Takes the key for a batch whose operations commit one by one, before the first of them: another request
 * under the same key is refused as a whole. One PutItem, only for callers that send the header.
 * @throws {Problem} `idempotency_mismatch`
 */
export async function openBatch(idempotency: IdempotencyKey | undefined): Promise<void> {
  if (!idempotency) return;
  const { fingerprint } = idempotency;
  const unused = unusedOrExpired();
  const condition = {
    ...unused,
    text: `${unused.text} OR fingerprint = :fingerprint`,
    values: { ...unused.values, ':fingerprint': fingerprint },
  };
  try {
    await putItem('platform', { ...recordKey(idempotency), fingerprint, ttl: expiry() }, condition);
  } catch (error) {
    throw error instanceof ConditionFailed ? mismatch() : error;
  }
}

/**
 * Carries out the writes and, in the same transaction, keeps the answer under the idempotency key:
 * a crash can neither lose the record nor do the work twice.
 * @throws {Problem} `idempotency_in_flight` when the key has been used before; `withReplay` turns it into the first answer
 */
export async function carryOutOnce(
  writes: PlannedWrite[],
  idempotency: IdempotencyKey | undefined,
  answer: StoredAnswer,
): Promise<void> {
  if (!idempotency) return carryOut(writes);
  await carryOut([keptAnswer(idempotency, answer), ...writes]);
}

/**
 * The write that keeps an answer under its key, for the transaction that it answers.
 * @throws {Problem} `payload_too_large`
 */
export function keptAnswer(idempotency: IdempotencyKey, answer: StoredAnswer): PlannedWrite {
  if (Buffer.byteLength(answer.body) > largestAnswer) {
    throw new Problem(
      'payload_too_large',
      `The answer to this request is too large to be kept under an idempotency key (${largestAnswer} bytes); send fewer operations`,
    );
  }
  return {
    write: {
      kind: 'put',
      table: 'platform',
      item: {
        ...recordKey(idempotency),
        fingerprint: idempotency.fingerprint,
        answer,
        ttl: expiry(),
      },
      condition: unusedOrExpired(),
    },
    refused: () =>
      new Problem('idempotency_in_flight', 'A request with this idempotency key is still running'),
  };
}

/**
 * Keeps another answer under a key that has been used: how something has ended that was only begun in the
 * transaction. One PutItem, only for callers that send the header; without it the first one stands.
 */
export async function replaceAnswer(
  idempotency: IdempotencyKey | undefined,
  answer: StoredAnswer,
): Promise<void> {
  if (!idempotency || Buffer.byteLength(answer.body) > largestAnswer) return;
  const { fingerprint } = idempotency;
  await putItem('platform', { ...recordKey(idempotency), fingerprint, answer, ttl: expiry() });
}

/**
 * Runs a command; when it is refused, the reason may be that it has been done before under this key,
 * and then the first answer is given again. The happy path costs no read.
 */
export async function withReplay<T>(
  idempotency: IdempotencyKey | undefined,
  run: () => Promise<T>,
  replay: (answer: StoredAnswer) => T,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!idempotency || !(error instanceof Problem)) throw error;
    // What the caller may not do, it may not see the answer of either.
    if (error.code === 'forbidden' || error.code === 'unauthenticated') throw error;
    const answer = await findAnswer(idempotency);
    if (!answer) throw error;
    return replay(answer);
  }
}

/** @throws {Problem} `idempotency_mismatch` when the key was used for another request */
async function findAnswer(idempotency: IdempotencyKey): Promise<StoredAnswer | undefined> {
  const record = await getItem('platform', recordKey(idempotency));
  if (!record || Number(record.ttl) < epochSeconds()) return undefined;
  if (record.fingerprint !== idempotency.fingerprint) throw mismatch();
  return record.answer as StoredAnswer | undefined;
}

function mismatch(): Problem {
  return new Problem(
    'idempotency_mismatch',
    'This idempotency key was used for a different request; use a new key for each new request',
  );
}

function recordKey({ tenantId, subject, key, part }: IdempotencyKey) {
  const sk = part === undefined ? `answer#${subject}` : `part#${part}#${subject}`;
  return { pk: `${tenantId}#idempotency#${key}`, sk };
}

const epochSeconds = () => Math.floor(now().getTime() / 1000);
const expiry = () => epochSeconds() + keptSeconds;

/** TTL deletion may lag by days, so an expired record counts as absent. */
function unusedOrExpired() {
  return {
    text: 'attribute_not_exists(pk) OR #ttl < :now',
    names: { '#ttl': 'ttl' },
    values: { ':now': epochSeconds() } as Item,
  };
}
