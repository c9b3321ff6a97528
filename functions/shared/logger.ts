import { Logger } from '@aws-lambda-powertools/logger';
import { env } from './environment.ts';
import { traceHeader } from './trace-header.ts';

let logger: Logger | undefined;

/** The function's structured logger. Bodies, tokens and secrets are never given to it. */
export function log(): Logger {
  logger ??= new Logger({ serviceName: 'tandem', persistentKeys: { stage: env('STAGE') } });
  return logger;
}

/** The trace id of the running invocation, as callers see it in problems. */
export function traceId(fallback: string): string {
  return /Root=([^;]+)/.exec(traceHeader() ?? '')?.[1] ?? fallback;
}
