export type Cell = string | number;

/** A printed table, as the written report takes it up. */
export interface Table {
  title: string;
  columns: string[];
  /** Formatted cells. */
  rows: string[][];
  /** By column: holds numbers, which stand to the right. */
  numeric: boolean[];
}

/** Every table of this run, in the order in which they were printed. */
export const tables: Table[] = [];

/** Prints rows under a title, numbers to the right with a sensible number of digits. */
export function printTable(title: string, columns: string[], rows: Cell[][]): void {
  const text = rows.map((row) => row.map(format));
  const numeric = columns.map((_, at) => rows.some((row) => typeof row[at] === 'number'));
  tables.push({ title, columns, rows: text, numeric });
  const widths = columns.map((column, at) =>
    Math.max(column.length, ...text.map((row) => row[at]?.length ?? 0)),
  );
  const line = (cells: string[]) =>
    cells
      .map((cell, at) => (numeric[at] ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)))
      .join('  ');
  console.log(`\n${title}`);
  console.log(line(columns));
  console.log(widths.map((width) => '─'.repeat(width)).join('  '));
  for (const row of text) console.log(line(row));
}

function format(cell: Cell): string {
  if (typeof cell === 'string') return cell;
  if (Number.isInteger(cell)) return String(cell);
  return cell >= 100 ? cell.toFixed(0) : cell.toFixed(cell >= 10 ? 1 : 2);
}
