import type { Write } from '../../shared/dynamo/transaction.ts';
import { type Problem, validationFailed } from '../../shared/problem.ts';

/**
 * The refusal of an atomic batch in which two operations write, or count on, one item: a transaction takes one action
 * on each.
 * @param write of the later one
 */
export function touchedTwice(write: Write, earlier: number, later: number): Problem {
  const message = `touches ${itemOf(write)} as operation ${earlier} does; send them in separate requests, or not atomic`;
  return validationFailed([{ pointer: `/operations/${later}`, code: 'touched_twice', message }]);
}

/** What callers call it: a record has its id as sort key, a unique value stands at the end of its guard's key. */
function itemOf(write: Write): string {
  const { pk, sk } = write.kind === 'put' ? write.item : write.key;
  const [, kind, , field, ...value] = String(pk).split('#');
  if (kind === 'unique') return `the ${field} ${value.join('#')}`;
  return sk === 'guard' ? `the ${kind}` : String(sk);
}
