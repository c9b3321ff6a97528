/** How far somebody is on the way to being a customer. */
export const contactStages = ['lead', 'prospect', 'customer', 'former'] as const;
export type ContactStage = (typeof contactStages)[number];

export const contactStatuses = ['active', 'archived'] as const;
