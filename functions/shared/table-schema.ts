/**
 * The physical shape of the four tables: the stack creates them from this, the functions address them by it.
 * Which access pattern uses which key is listed in docs/access-patterns.md.
 */

/** A secondary index on two single string attributes (why single: docs/decisions/0003-key-design.md). */
export interface IndexSchema {
  pk: string;
  sk: string;
  /** `KEYS_ONLY` where updates of the item must not be paid again in the index. */
  projection: 'ALL' | 'KEYS_ONLY';
}

export interface TableSchema {
  /** Writes to these tables feed the `changes` function with old and new images. */
  stream: boolean;
  indexes: Record<string, IndexSchema>;
}

/** Every table has the string keys `pk` and `sk`; items with the number attribute `ttl` (epoch seconds) expire. */
export const tableKeys = { pk: 'pk', sk: 'sk', ttl: 'ttl' } as const;

export const tableSchemas = {
  crm: {
    stream: true,
    indexes: {
      byUpdated: { pk: 'updatedPk', sk: 'updatedSk', projection: 'ALL' },
      byName: { pk: 'namePk', sk: 'nameSk', projection: 'ALL' },
      byOwner: { pk: 'ownerPk', sk: 'updatedSk', projection: 'ALL' },
      byCompany: { pk: 'companyPk', sk: 'updatedSk', projection: 'ALL' },
      byStage: { pk: 'stagePk', sk: 'updatedSk', projection: 'ALL' },
      byStatus: { pk: 'statusPk', sk: 'updatedSk', projection: 'ALL' },
      byContact: { pk: 'contactPk', sk: 'updatedSk', projection: 'ALL' },
      byDeal: { pk: 'dealPk', sk: 'updatedSk', projection: 'ALL' },
      /** In the order of a number of each entity: an amount, a total, a score. */
      byAmount: { pk: 'amountPk', sk: 'amountSk', projection: 'ALL' },
      /** In the order of a date of each entity: when it is due, expected, occurred. */
      byDate: { pk: 'datePk', sk: 'dateSk', projection: 'ALL' },
    },
  },
  tasks: {
    stream: true,
    indexes: {
      // Dead tasks, which nothing claims and no timer runs for, stand in partitions of their own in these three.
      /** What can be claimed now, in rank order. Dead tasks of a tenant. */
      byReady: { pk: 'readyPk', sk: 'readySk', projection: 'KEYS_ONLY' },
      /** What becomes claimable later: scheduled tasks by start, claimed ones by the end of their lease. Dead ones of a type. */
      byDue: { pk: 'duePk', sk: 'dueSk', projection: 'KEYS_ONLY' },
      /** What the clock must look at: starts of to-dos, latest starts, deadlines, ticks of schedules. Dead tasks of an error code. */
      byTimer: { pk: 'timerPk', sk: 'timerSk', projection: 'KEYS_ONLY' },
      byCreated: { pk: 'createdPk', sk: 'sortId', projection: 'KEYS_ONLY' },
      byState: { pk: 'statePk', sk: 'sortId', projection: 'KEYS_ONLY' },
      byType: { pk: 'typePk', sk: 'sortId', projection: 'KEYS_ONLY' },
      byAssignee: { pk: 'assigneePk', sk: 'sortId', projection: 'KEYS_ONLY' },
      byAbout: { pk: 'aboutPk', sk: 'sortId', projection: 'KEYS_ONLY' },
    },
  },
  platform: { stream: false, indexes: {} },
  views: { stream: false, indexes: {} },
} as const satisfies Record<string, TableSchema>;

export type TableName = keyof typeof tableSchemas;
export type IndexName<T extends TableName> = keyof (typeof tableSchemas)[T]['indexes'];
