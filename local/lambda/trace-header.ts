import { randomUUID } from 'node:crypto';

/** At most 24 digits; from a UUID, whose randomness Node keeps in store, which makes it ten times as fast. */
function randomHex(digits: number): string {
  return randomUUID().replaceAll('-', '').slice(-digits);
}

/** A new X-Ray trace id: `1-<epoch seconds>-<24 hex digits>`. */
export function newTraceId(): string {
  const seconds = Math.floor(Date.now() / 1000);
  return `1-${seconds.toString(16).padStart(8, '0')}-${randomHex(24)}`;
}

const root = /(?:^|;)\s*Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(?:;|$)/i;

/** The trace id of an `X-Amzn-Trace-Id` header; undefined when there is none or it is not well formed. */
export function traceIdOf(header: string | undefined): string | undefined {
  return header === undefined ? undefined : root.exec(header)?.[1];
}

/** `_X_AMZN_TRACE_ID` of an invocation: the caller's trace with a segment of its own. */
export function invocationTrace(callerHeader: string | undefined): string {
  const id = traceIdOf(callerHeader) ?? newTraceId();
  return `Root=${id};Parent=${randomHex(16)};Sampled=1`;
}
