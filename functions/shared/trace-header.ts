/**
 * The trace header of the running invocation (`Root=…;Parent=…;Sampled=…`). Lambda sets it anew for each one, so it
 * is no part of the environment that is read once.
 */
export function traceHeader(): string | undefined {
  return process.env._X_AMZN_TRACE_ID;
}
