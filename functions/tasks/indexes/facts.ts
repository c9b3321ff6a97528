/**
 * What a claim must know of a task to decide about it without reading it. The facts ride in the index keys by
 * which the task is found and, once it is claimed, in its lease token: so a claim costs one Query of keys and
 * one conditional UpdateItem, and settling a lease one UpdateItem. They are to be trusted only under a condition
 * that the whole key or token is still the task's own.
 */
export interface TaskFacts {
  /** Leases ever given; numbers the entries of the task's history. */
  lease: number;
  /** Attempts begun and spent since the task was made or retried by hand. */
  attempt: number;
  maxAttempts: number;
  priority: number;
  typeVersion: number;
  /** Epoch milliseconds; absent once the task has been claimed. */
  startBy?: number;
  /** Epoch milliseconds. */
  deadline?: number;
  /**
   * Of a leased task only: the rank under which it was leased, epoch milliseconds. Should its lease end or be given
   * back, it has its old place in the queue, and does not wait for all that came after it.
   */
  rank?: number;
}

const separator = '.';
/** How many parts the encoded facts have. */
export const factParts = 8;

/** The facts as short text without `#`. */
export function encodeFacts(facts: TaskFacts): string {
  return [
    facts.lease,
    facts.attempt,
    facts.maxAttempts,
    facts.priority,
    facts.typeVersion,
    facts.startBy?.toString(36) ?? '',
    facts.deadline?.toString(36) ?? '',
    facts.rank?.toString(36) ?? '',
  ].join(separator);
}

/** @throws {Error} when the text was not made by `encodeFacts` */
export function decodeFacts(text: string): TaskFacts {
  const parts = text.split(separator);
  const [lease, attempt, maxAttempts, priority, typeVersion] = parts.slice(0, 5).map(Number);
  if (
    parts.length !== factParts ||
    !Number.isInteger(lease) ||
    !Number.isInteger(attempt) ||
    !Number.isInteger(maxAttempts) ||
    !Number.isInteger(priority) ||
    !Number.isInteger(typeVersion)
  ) {
    throw new Error(`not the facts of a task: ${text}`);
  }
  const [startBy, deadline, rank] = parts.slice(5);
  return {
    lease: lease as number,
    attempt: attempt as number,
    maxAttempts: maxAttempts as number,
    priority: priority as number,
    typeVersion: typeVersion as number,
    ...(startBy && { startBy: Number.parseInt(startBy, 36) }),
    ...(deadline && { deadline: Number.parseInt(deadline, 36) }),
    ...(rank && { rank: Number.parseInt(rank, 36) }),
  };
}

/** What a claim does with a task that it finds. */
export type Verdict = 'claim' | 'dead' | 'expired';

/** Decides from the facts alone; an ended lease has spent its attempt, so a poison task comes to an end here. */
export function judge(facts: TaskFacts, nowMillis: number): Verdict {
  if (facts.deadline !== undefined && facts.deadline <= nowMillis) return 'expired';
  if (facts.startBy !== undefined && facts.startBy <= nowMillis) return 'expired';
  return facts.attempt >= facts.maxAttempts ? 'dead' : 'claim';
}

/**
 * The facts under a new lease: one more attempt is spent, and the latest start is met.
 * @param rank of the candidate, where it was found in a queue
 */
export function afterClaim({ startBy: _met, ...facts }: TaskFacts, rank?: number): TaskFacts {
  return {
    ...facts,
    lease: facts.lease + 1,
    attempt: facts.attempt + 1,
    ...(rank !== undefined && { rank: Math.max(0, Math.floor(rank)) }),
  };
}

/** The facts of a task that has to queue anew. */
export function withoutRank({ rank: _left, ...facts }: TaskFacts): TaskFacts {
  return facts;
}

/** The facts after a lease was given back unused. */
export function afterRelease(facts: TaskFacts): TaskFacts {
  return { ...facts, attempt: facts.attempt - 1 };
}
