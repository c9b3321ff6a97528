import type { Caller } from './caller.ts';

/** Who acts and in which request: what every write records beside the data. */
export interface Actor {
  caller: Caller;
  requestId: string;
}
