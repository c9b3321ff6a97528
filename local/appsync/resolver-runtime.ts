import { EarlyReturn, ResolverError, unauthorizedField } from './resolver-error.ts';
import { createUtil } from './resolver-util.ts';
import { checkSubscriptionFilter, type SubscriptionFilter } from './subscription-filter.ts';

/** What one run of a handler tells besides its result. */
export interface HandlerRun {
  typeName: string;
  fieldName: string;
  /** `Lambda Authorization`, `IAM Authorization`: what `util.authType()` answers. */
  authType: string;
  appendError(error: ResolverError): void;
  /** Present while a subscription is being registered. */
  subscription?: { filter?: SubscriptionFilter; invalidation?: SubscriptionFilter };
  invalidate(subscriptionField: string, payload: Record<string, unknown>): void;
}

/** The APPSYNC_JS side of resolver code: its modules, and the way to run a handler. */
export interface ResolverRuntime {
  modules: Record<string, object>;
  console: Record<string, unknown>;
  /** Runs a handler, which is synchronous, with `util` and `extensions` speaking for this run. */
  run<T>(run: HandlerRun, handler: () => T): T;
}

/** @param log takes what code writes by `console.log` */
export function createResolverRuntime(log: (line: string) => void): ResolverRuntime {
  let current: HandlerRun | undefined;
  const now = (): HandlerRun => {
    if (!current)
      throw new Error('util and extensions may be called from request and response handlers only');
    return current;
  };
  const subscription = (): NonNullable<HandlerRun['subscription']> => {
    const target = now().subscription;
    if (!target) throw new Error('subscription filters may be set in resolvers of subscriptions only');
    return target;
  };
  const util = {
    ...createUtil(),
    error(message: string, errorType?: string, data?: unknown, errorInfo?: unknown): never {
      throw new ResolverError(message, errorType, data, errorInfo);
    },
    appendError(message: string, errorType?: string, data?: unknown, errorInfo?: unknown): void {
      now().appendError(new ResolverError(message, errorType, data, errorInfo));
    },
    unauthorized(): never {
      throw unauthorizedField(now().typeName, now().fieldName);
    },
    authType: () => now().authType,
  };
  for (const name of ['dynamodb', 'rds', 'http', 'xml']) {
    Object.defineProperty(util, name, {
      get() {
        throw new Error(`util.${name} is not offered locally: no data source of the stack needs it`);
      },
    });
  }
  const extensions = {
    setSubscriptionFilter(filter: unknown): void {
      subscription().filter = checkSubscriptionFilter(filter);
    },
    setSubscriptionInvalidationFilter(filter: unknown): void {
      subscription().invalidation = checkSubscriptionFilter(filter);
    },
    invalidateSubscriptions(target: { subscriptionField: string; payload: Record<string, unknown> }): void {
      now().invalidate(target.subscriptionField, target.payload);
    },
    /** There is no response cache: nothing to evict. */
    evictFromApiCache(): void {},
  };
  const runtime = {
    earlyReturn(value?: unknown, options?: { skipTo?: 'NEXT' | 'END' }): never {
      throw new EarlyReturn(value, options?.skipTo ?? 'NEXT');
    },
  };
  const write = (...values: unknown[]): void =>
    log(
      `appsync: ${values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))).join(' ')}`,
    );

  return {
    modules: { '@aws-appsync/utils': { util, extensions, runtime } },
    console: { log: write, error: write },
    run(run, handler) {
      const outer = current;
      current = run;
      try {
        return handler();
      } finally {
        current = outer;
      }
    },
  };
}
