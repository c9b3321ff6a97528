import type { Caller } from './caller.ts';

/** Who acts and in which request: what every write records beside the data. */
export interface Actor {
  caller: Caller;
  requestId: string;
}

/** The service itself, where it acts for a tenant by itself. */
export function systemActor(tenantId: string, requestId: string): Actor {
  return { caller: { tenantId, subject: 'system', role: 'worker' }, requestId };
}
