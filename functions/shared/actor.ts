import type { Caller } from './caller.ts';
import type { NumberSource } from './number-source.ts';

/** Who acts and in which request: what every write records beside the data. */
export interface Actor {
  caller: Caller;
  requestId: string;
  /** Where several records of one transaction draw their numbers from; each record from its own when absent. */
  numbers?: NumberSource;
}

/** The service itself, where it acts for a tenant by itself. */
export function systemActor(tenantId: string, requestId: string): Actor {
  return { caller: { tenantId, subject: 'system', role: 'worker' }, requestId };
}
