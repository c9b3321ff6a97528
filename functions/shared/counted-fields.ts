/**
 * The entities whose writes are followed by the changes function, each with the fields whose values are counted
 * per tenant, which have few values. Counters are `total` and `<field>:<value>`, e.g. `stage:lead`.
 */
export const countedFields = {
  contact: ['stage', 'status'],
  company: [],
  pipeline: [],
  deal: ['status'],
  activity: ['kind'],
  product: ['active'],
  order: ['status'],
  invoice: ['status'],
  task: ['state'],
} as const satisfies Record<string, readonly string[]>;

export type FollowedEntity = keyof typeof countedFields;

/**
 * Amounts in minor units that are summed by currency beside each counter. `weighted` is no field: what an open
 * deal's amount is worth at its probability.
 */
export const countedSums: { readonly [entity in FollowedEntity]?: readonly string[] } = {
  deal: ['amount', 'weighted'],
  order: ['total'],
  invoice: ['total', 'amountDue'],
};
