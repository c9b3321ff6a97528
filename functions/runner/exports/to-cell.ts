import { safeCell } from '../../shared/csv-cell.ts';

/** A member of a record as a cell that an import reads back as the same value; empty for what is not set. */
export function toCell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return safeCell(value);
  if (Array.isArray(value)) return listCell(value);
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function listCell(values: unknown[]): string {
  if (values.length === 0) return '';
  // A text that would be cut at its own semicolon, or taken for a list, needs JSON around it.
  const plain = values.every((value) => typeof value === 'string' && /^[^[;,][^;,]*$/.test(value));
  return plain ? safeCell(values.join(';')) : JSON.stringify(values);
}

/** The member of a record that a path leads to. */
export function memberAt(record: Record<string, unknown>, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => {
    const has = typeof value === 'object' && value !== null && Object.hasOwn(value, name);
    return has ? (value as Record<string, unknown>)[name] : undefined;
  }, record);
}
