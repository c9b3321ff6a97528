import { safeCell } from '../../shared/csv-cell.ts';
import { csvLines } from '../../shared/csv-lines.ts';
import type { ProblemDetail } from '../../shared/problem.ts';
import type { Columns } from './csv-source.ts';
import { type ErrorFormat, findingsOf } from './row-source.ts';

/** What went wrong, then the columns of the imported file. */
export function csvErrors(header: string[], columns: Columns): ErrorFormat {
  return {
    extension: 'csv',
    contentType: 'text/csv; charset=utf-8',
    header: csvLine(['line', 'column', 'code', 'message', ...header]),
    lines: ({ row, problem }) =>
      findingsOf(problem)
        .map((finding) => [
          String(row.line),
          columnOf(finding, header, columns),
          finding.code,
          finding.message,
        ])
        .map((found) => csvLine([...found, ...row.cells]))
        .join(''),
    breakLine: (line, code, message) =>
      csvLine([String(line), '', code, `${message}; nothing after this line was read`]),
  };
}

/** The column that a finding points to by its field. */
function columnOf({ pointer }: ProblemDetail, header: string[], columns: Columns): string {
  const path = pointer?.slice(1).replaceAll('/', '.');
  const at = columns.findIndex((column) => column !== undefined && column.path === path);
  return at >= 0 ? (header[at] ?? '') : (path ?? '');
}

function csvLine(cells: string[]): string {
  return csvLines([cells.map(safeCell)]);
}
