import { log } from './logger.ts';
import { Problem } from './problem.ts';

/** What callers are told of an error; one that is not a problem is logged first. */
export function toProblem(error: unknown, context: { routeKey?: string; traceId?: string } = {}): Problem {
  if (error instanceof Problem) return error;
  log().error('request failed', { ...context, error: error as Error });
  return unexpected(error);
}

/** Throttling and lost connections pass; everything else is ours and says nothing more to the caller. */
function unexpected(error: unknown): Problem {
  const name = error instanceof Error ? error.name : '';
  const transient = /Throttl|ProvisionedThroughput|RequestLimit|ServiceUnavailable|Timeout|ECONN/.test(name);
  return transient
    ? new Problem('unavailable', 'A service behind this one is busy; try again', {
        headers: { 'retry-after': '1' },
      })
    : new Problem('internal', 'Something went wrong on our side; the trace id helps to find it');
}
