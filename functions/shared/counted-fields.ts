/**
 * The entities whose writes are followed by the changes function, each with the fields whose values are counted
 * per tenant. Counters are `total` and `<field>:<value>`, e.g. `stage:lead`.
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
