/** One call of a function to AWS, as tests and the benchmark count them. */
export interface CallRecord {
  /** Counts up by one per call since the start; what `since` refers to. */
  seq: number;
  /** Epoch milliseconds at arrival. */
  at: number;
  /** Role ARN of the caller. */
  principal: string;
  service: string;
  operation: string;
  /** DynamoDB: the tables, in the order of the request. SQS: the queue. S3: the bucket. */
  resources: string[];
  /** DynamoDB: the index of a query. */
  index?: string;
  /** DynamoDB: sum of capacity units over all tables and indexes. */
  consumedCapacity?: number;
  durationMs: number;
  status: number;
  /** The error code of a refused call. */
  errorCode?: string;
  /** `Root=…` of the caller's X-Ray header: all calls of one request share it. */
  traceId?: string;
}

/** The last calls; older ones are forgotten. */
export interface CallLog {
  add(call: Omit<CallRecord, 'seq'>): void;
  /** @returns the calls after `seq`, oldest first, and the number to ask with next time */
  since(seq: number): { next: number; calls: CallRecord[] };
}

/** @param capacity how many calls are kept */
export function createCallLog(capacity = 20_000): CallLog {
  const ring: CallRecord[] = [];
  let last = 0;
  return {
    add(call) {
      last += 1;
      ring[last % capacity] = { seq: last, ...call };
    },
    since(seq) {
      const calls: CallRecord[] = [];
      const first = Math.max(seq, last - capacity);
      for (let number = first + 1; number <= last; number += 1) {
        const call = ring[number % capacity];
        if (call !== undefined) calls.push(call);
      }
      return { next: last, calls };
    },
  };
}
