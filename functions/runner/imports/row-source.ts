import type { Problem } from '../../shared/problem.ts';
import { TaskFailure } from '../builtin.ts';

/** One row of a file. */
export interface SourceRow {
  /** The line on which it begins, from 1; the header of a CSV file is usually line 1. */
  line: number;
  /** The cells of CSV; of NDJSON the line as it is. */
  cells: string[];
}

/** A row that was not imported and why. */
export interface RowError {
  row: SourceRow;
  problem: Problem;
}

/** A file whose beginning has been read and found to fit the import. */
export interface RowSource {
  rows: AsyncGenerator<SourceRow>;
  /** A row as members of a record; what is left out neither sets nor clears anything. @throws {Problem} `validation_failed` */
  toFields(row: SourceRow): Record<string, unknown>;
  errors: ErrorFormat;
}

/** How rows that failed are told, in the format of the file that they come from. */
export interface ErrorFormat {
  extension: 'csv' | 'ndjson';
  contentType: string;
  /** What the file of errors begins with. */
  header: string;
  /** The lines for a row, one for each finding. */
  lines(error: RowError): string;
  /** The last line when the file could not be read on from there. */
  breakLine(line: number, code: string, message: string): string;
}

/** A cell, a row or a header may not be larger than this: a stray quote swallows the rest of a file. */
export const maxRowBytes = 256 * 1024;

export function rowTooLong(line: number): TaskFailure {
  return new TaskFailure(
    'row_too_long',
    `The row at line ${line} has more than ${maxRowBytes / 1024} KB; does a quote or a line break lack?`,
    { retryable: false, details: { line } },
  );
}

/** What a finding of a row says, with the id of the record that stands in its way. */
export function findingsOf({ code, detail, options }: Problem) {
  const findings = options.errors?.length ? options.errors : [{ code, message: detail }];
  const existing = options.extensions?.existingId;
  return findings.map((finding) =>
    existing ? { ...finding, message: `${finding.message} (${existing})` } : finding,
  );
}
