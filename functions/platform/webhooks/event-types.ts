/** What webhooks can be told of: every change of a record, and the ends of tasks. */
export const eventTypes = [
  ...(['contact', 'company'] as const).flatMap((entity) =>
    (['created', 'updated', 'deleted', 'restored'] as const).map((action) => `${entity}.${action}` as const),
  ),
  ...(['created', 'completed', 'dead', 'cancelled', 'expired'] as const).map((end) => `task.${end}` as const),
] as const;
export type EventType = (typeof eventTypes)[number];

/** What a webhook can ask for: types by name, all of an entity, or all. */
export const eventPatterns = [...eventTypes, 'contact.*', 'company.*', 'task.*', '*'] as const;
export type EventPattern = (typeof eventPatterns)[number];

export function isWanted(patterns: readonly string[], type: EventType): boolean {
  const [entity] = type.split('.');
  return patterns.some((pattern) => pattern === '*' || pattern === type || pattern === `${entity}.*`);
}

export function isEventType(name: string): name is EventType {
  return (eventTypes as readonly string[]).includes(name);
}
