const entities = [
  ...(['contact', 'company', 'pipeline', 'deal'] as const),
  ...(['activity', 'product', 'order', 'invoice'] as const),
] as const;
const actions = ['created', 'updated', 'deleted', 'restored'] as const;

/**
 * What webhooks can be told of: every write of a record, what it meant where that has a name of its own (a deal that
 * is won is told as `deal.updated`, `deal.moved` and `deal.won`), and the ends of tasks.
 */
export const eventTypes = [
  ...entities.flatMap((entity) => actions.map((action) => `${entity}.${action}` as const)),
  'contact.merged',
  ...(['moved', 'won', 'lost', 'reopened'] as const).map((move) => `deal.${move}` as const),
  ...(['confirmed', 'shipped', 'delivered', 'cancelled', 'refunded'] as const).map(
    (move) => `order.${move}` as const,
  ),
  ...(['finalized', 'payment_recorded', 'paid', 'voided', 'written_off'] as const).map(
    (move) => `invoice.${move}` as const,
  ),
  ...(['created', 'completed', 'dead', 'cancelled', 'expired'] as const).map((end) => `task.${end}` as const),
] as const;
export type EventType = (typeof eventTypes)[number];

/** What a webhook can ask for: types by name, all of an entity, or all. */
export const eventPatterns = [
  ...eventTypes,
  ...entities.map((entity) => `${entity}.*` as const),
  'task.*',
  '*',
] as const;
export type EventPattern = (typeof eventPatterns)[number];

export function isWanted(patterns: readonly string[], type: EventType): boolean {
  const [entity] = type.split('.');
  return patterns.some((pattern) => pattern === '*' || pattern === type || pattern === `${entity}.*`);
}

export function isEventType(name: string): name is EventType {
  return (eventTypes as readonly string[]).includes(name);
}
