import { instant } from '../../shared/clock.ts';
import type { Filter } from '../../shared/list/list-spec.ts';

/** Longer in its open stage than the stage's `rotDays`. No write makes a deal rot, so it is not kept but looked at. */
export function isRotting({ status, rottingAt }: Record<string, unknown>): boolean {
  return status === 'open' && typeof rottingAt === 'string' && rottingAt <= instant();
}

/** What the filter `rotting=true` asks of what is kept. */
export function rottingFilters(): Filter[] {
  return [
    { field: 'status', operator: 'eq', values: ['open'] },
    { field: 'rottingAt', operator: 'lte', values: [instant()] },
  ];
}
