import { CsvError, parse } from 'csv-parse';
import { TaskFailure } from '../builtin.ts';
import { decodeUtf8 } from './decode-utf8.ts';
import { maxRowBytes, rowTooLong, type SourceRow } from './row-source.ts';

/**
 * The rows of a CSV file, the header first: quotes, line breaks within quotes, CRLF, a byte order mark, and comma,
 * semicolon or tab as the delimiter, whichever the header uses most. Empty lines are left out. Where the file
 * breaks, all rows before that place have been given.
 * @throws {TaskFailure} `malformed_csv`, `row_too_long`, `not_utf8`, `binary_file`, with `{line}` as its details
 */
export async function* readCsvRows(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<SourceRow> {
  const texts = decodeUtf8(bytes);
  const first = await texts.next();
  if (first.done) return;
  const rows: SourceRow[] = [];
  let line = 0;
  const parser = parse({
    bom: true,
    delimiter: delimiterOf(first.value),
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: maxRowBytes,
    // Rows are taken here: those that the stream has buffered would be lost with an error.
    on_record: (cells: string[], { lines }) => {
      rows.push({ line: line + 1, cells });
      line = lines;
      return undefined;
    },
  });
  // Errors come by the callbacks below.
  parser.on('error', () => undefined);
  const feed = (text?: string) =>
    new Promise<CsvError | undefined>((resolve, reject) => {
      const done = (error?: Error | null) => {
        if (error && !(error instanceof CsvError)) reject(error);
        else resolve(error ?? undefined);
      };
      if (text === undefined) parser.end(done);
      else parser.write(text, done);
    });
  for (let text: string | undefined = first.value; ; ) {
    const error = await feed(text);
    yield* rows.splice(0);
    if (error) throw failureOf(error, line);
    if (text === undefined) return;
    try {
      const next: IteratorResult<string> = await texts.next();
      text = next.done ? undefined : next.value;
    } catch (failure) {
      // The parser may have held back the last row that is whole.
      await feed(undefined);
      yield* rows.splice(0);
      throw failure;
    }
  }
}

/** The parser's message names the line where it noticed; the row begins after the last one that was good. */
function failureOf({ code, message }: CsvError, linesBefore: number): TaskFailure {
  const line = linesBefore + 1;
  if (code === 'CSV_MAX_RECORD_SIZE') return rowTooLong(line);
  return new TaskFailure('malformed_csv', message, { retryable: false, details: { line } });
}

/** The candidate that stands most often outside quotes in the first line. */
function delimiterOf(text: string): string {
  const header = text.split(/\r?\n/, 1)[0]?.replaceAll(/"[^"]*"/g, '') ?? '';
  const count = (candidate: string) => header.split(candidate).length;
  return [',', ';', '\t'].reduce((best, candidate) => (count(candidate) > count(best) ? candidate : best));
}
