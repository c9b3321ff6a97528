/** A leased task or a fetched job, as far as a worker needs it to settle it. */
export interface Leased {
  id: string;
  leaseToken: string;
}

/** A task queue behind HTTP, as the scenario drives it: ours, or a peer. Each method is one HTTP call. */
export interface QueueUnderTest {
  name: string;
  /** Process ids of everything that serves the calls, for their CPU time. */
  pids(): number[];
  enqueue(queue: string, inputs: object[]): Promise<void>;
  /** @returns at most `max`; fewer when there are fewer */
  claim(queue: string, max: number): Promise<Leased[]>;
  /** @throws when any of them was not completed by this very call */
  complete(queue: string, leased: Leased[]): Promise<void>;
  /** Completes and claims in one call. */
  completeAndClaim(queue: string, leased: Leased[], max: number): Promise<Leased[]>;
  close(): Promise<void>;
}
