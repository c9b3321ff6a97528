import {
  executeSubscriptionEvent,
  type GraphQLError,
  type GraphQLSchema,
  type ValidatedSubscriptionArgs,
  validateSubscriptionArgs,
} from 'graphql';
import { type Caller, RequestRefused } from './caller.ts';
import {
  type GraphqlRequest,
  type GraphqlResponse,
  newOperationContext,
  type PreparedOperation,
} from './execute-operation.ts';
import type { OperationContext, Registration } from './operation-context.ts';
import type { Publication } from './published-value.ts';
import { type AppSyncError, fromExecution, fromValidation } from './response-errors.ts';
import { publishingMutations } from './schema.ts';
import { matchesFilter } from './subscription-filter.ts';

/** A subscription that was not accepted; the errors go to its `error` message. */
export class SubscriptionRefused extends Error {
  override readonly name = 'SubscriptionRefused';
  readonly errors: readonly AppSyncError[];

  constructor(errors: readonly AppSyncError[]) {
    super(errors[0]?.message ?? 'refused');
    this.errors = errors;
  }
}

/** Where the events of one subscription go. */
export interface Subscriber {
  data(payload: GraphqlResponse): void;
  /** The subscription was invalidated by the API. */
  ended(): void;
}

interface Subscription {
  fieldName: string;
  registration: Registration;
  args: ValidatedSubscriptionArgs;
  subscriber: Subscriber;
}

/** All live subscriptions of one API. */
export class Subscriptions {
  readonly #live = new Set<Subscription>();
  readonly #mutations: ReturnType<typeof publishingMutations>;

  constructor(schema: GraphQLSchema) {
    this.#mutations = publishingMutations(schema);
  }

  get size(): number {
    return this.#live.size;
  }

  /**
   * Runs the subscription's resolver and, if it agrees, starts delivering.
   *
   * @returns ends the subscription
   * @throws {SubscriptionRefused} for variables that do not fit, or an error of authorization or resolver
   * @throws {RequestRefused} when the operation is no subscription
   */
  async add(
    { schema, document, operation }: PreparedOperation,
    { operationName, variables }: GraphqlRequest,
    caller: Caller,
    headers: Record<string, string>,
    subscriber: Subscriber,
  ): Promise<() => void> {
    if (operation.operation !== 'subscription') {
      throw new RequestRefused(
        400,
        'UnsupportedOperation',
        `Operation ${operation.operation} is not supported through the realtime channel`,
      );
    }
    const registration: Registration = {};
    const context: OperationContext = {
      ...newOperationContext(caller, headers, variables, 'subscribe', this.invalidate),
      registration,
    };
    const args = validateSubscriptionArgs({
      schema,
      document,
      operationName,
      variableValues: variables,
      contextValue: context,
    });
    if (!('operation' in args)) {
      throw new SubscriptionRefused(
        args.map((error: GraphQLError) => fromValidation(error, 'ValidationError')),
      );
    }
    const errors = await registrationErrors(args, context);
    if (errors.length > 0) throw new SubscriptionRefused(errors);

    const [field] = operation.selectionSet.selections;
    const fieldName = field?.kind === 'Field' ? field.name.value : '';
    const subscription: Subscription = {
      fieldName,
      registration,
      subscriber,
      args: { ...args, contextValue: { ...context, phase: 'deliver', registration: undefined } },
    };
    this.#live.add(subscription);
    return () => void this.#live.delete(subscription);
  }

  /** Sends a mutation's result to all that it concerns. */
  async publish({ mutation, value }: Publication): Promise<void> {
    const concerned = [...this.#live].filter(
      ({ fieldName, registration }) =>
        this.#mutations.get(fieldName)?.includes(mutation) && passes(registration, value),
    );
    await Promise.all(concerned.map((subscription) => this.#deliver(subscription, value)));
  }

  /** `extensions.invalidateSubscriptions`: ends those whose invalidation filter the payload passes. */
  invalidate = (subscriptionField: string, payload: Record<string, unknown>): void => {
    for (const subscription of this.#live) {
      const { invalidation } = subscription.registration;
      if (
        subscription.fieldName !== subscriptionField ||
        !invalidation ||
        !matchesFilter(invalidation, payload)
      )
        continue;
      this.#live.delete(subscription);
      subscription.subscriber.ended();
    }
  };

  async #deliver(subscription: Subscription, value: Record<string, unknown>): Promise<void> {
    const { args, fieldName, subscriber } = subscription;
    const { data, errors } = await executeSubscriptionEvent({ ...args, rootValue: { [fieldName]: value } });
    if (!this.#live.has(subscription)) return;
    subscriber.data({
      data: (data as Record<string, unknown>) ?? null,
      ...(errors && { errors: errors.map(fromExecution) }),
    });
  }
}

/** Without an enhanced filter, each argument given must equal the field of its name. */
function passes({ args = {}, filter }: Registration, value: Record<string, unknown>): boolean {
  if (filter) return matchesFilter(filter, value);
  return Object.entries(args).every(([name, expected]) => (value[name] ?? null) === expected);
}

/** The resolver's answer is no event, so a null where the schema promises a value is no error here. */
async function registrationErrors(
  args: ValidatedSubscriptionArgs,
  context: OperationContext,
): Promise<AppSyncError[]> {
  const { errors = [] } = await executeSubscriptionEvent(args);
  const raised = errors.filter(
    ({ path, message }) =>
      path?.length === 1 && !message.startsWith('Cannot return null for non-nullable field'),
  );
  return [...raised.map(fromExecution), ...context.appended];
}
