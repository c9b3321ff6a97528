import type { Caller } from './caller.ts';
import type { NumberSource } from './number-source.ts';

/** Who acts and in which request: what every write records beside the data. */
export interface Actor {
  caller: Caller;
  requestId: string;
  /** Where a record that is made together with others draws its number from. */
  numbers?: NumberSource;
}

/** The service itself, where it acts for a tenant by itself. */
export function systemActor(tenantId: string, requestId: string): Actor {
  return { caller: { tenantId, subject: 'system', role: 'worker' }, requestId };
}
