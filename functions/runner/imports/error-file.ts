import type { Problem, ProblemDetail } from '../../shared/problem.ts';
import type { Columns } from './row-to-contact.ts';

/** A row that was not imported and why. */
export interface RowError {
  line: number;
  cells: string[];
  problem: Problem;
}

/** The first line of an error file: what went wrong, then the columns of the imported file. */
export function errorHeader(header: string[]): string {
  return toCsvLine(['line', 'column', 'code', 'message', ...header]);
}

/** The lines of an error file for a row, one for each finding. */
export function errorLines({ line, cells, problem }: RowError, header: string[], columns: Columns): string {
  const findings = problem.options.errors?.length
    ? problem.options.errors
    : [{ code: problem.code, message: problem.detail }];
  return findings
    .map((finding) => [
      String(line),
      columnOf(finding, header, columns),
      finding.code,
      messageOf(finding, problem),
    ])
    .map((found) => toCsvLine([...found, ...cells]))
    .join('');
}

/** The last line of an error file when the imported file could not be read on from there. */
export function breakLine(line: number, code: string, message: string): string {
  return toCsvLine([String(line), '', code, `${message}; nothing after this line was read`]);
}

/** The column that a finding points to by its field. */
function columnOf({ pointer }: ProblemDetail, header: string[], columns: Columns): string {
  const field = pointer?.slice(1).replaceAll('/', '.');
  const at = columns.findIndex((column) => column !== undefined && column === field);
  return at >= 0 ? (header[at] ?? '') : (field ?? '');
}

function messageOf(finding: ProblemDetail, problem: Problem): string {
  const existing = problem.options.extensions?.existingId;
  return existing ? `${finding.message} (${existing})` : finding.message;
}

function toCsvLine(cells: string[]): string {
  return `${cells.map(toCsvCell).join(',')}\r\n`;
}

/**
 * Spreadsheets run cells that begin like this as formulas; an apostrophe makes them text
 * (OWASP, "CSV injection").
 */
const formulaStart = /^[=+\-@\t\r]/;

function toCsvCell(cell: string): string {
  const safe = formulaStart.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) || safe !== cell ? `"${safe.replaceAll('"', '""')}"` : safe;
}
