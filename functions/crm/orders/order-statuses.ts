/** What becomes of an order; document-states.ts has the ways between them. */
export const orderStatuses = ['draft', 'confirmed', 'shipped', 'delivered', 'cancelled', 'refunded'] as const;

export type OrderStatus = (typeof orderStatuses)[number];
