import { CsvError, parse } from 'csv-parse';
import { TaskFailure } from '../builtin.ts';

/** One row of a CSV file. */
export interface CsvRow {
  /** The line on which it begins, from 1; the header is usually line 1. */
  line: number;
  cells: string[];
}

/** A cell, a row or a header may not be larger than this: a stray quote swallows the rest of a file. */
const maxRowBytes = 256 * 1024;

/**
 * The rows of a CSV file, the header first: quotes, line breaks within quotes, CRLF, a byte order mark, and comma,
 * semicolon or tab as the delimiter, whichever the header uses most. Empty lines are left out. Where the file
 * breaks, all rows before that place have been given.
 * @throws {TaskFailure} `malformed_csv`, `not_utf8`, with `{line}` as its details
 */
export async function* readCsvRows(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<CsvRow> {
  const texts = decodeUtf8(bytes);
  const first = await texts.next();
  if (first.done) return;
  const rows: CsvRow[] = [];
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
    if (error) throw malformed(error, line);
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
function malformed({ message }: CsvError, linesBefore: number): TaskFailure {
  return new TaskFailure('malformed_csv', message, {
    retryable: false,
    details: { line: linesBefore + 1 },
  });
}

async function* decodeUtf8(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let line = 1;
  for await (const chunk of withEnd(bytes)) {
    let text: string;
    let broken = false;
    try {
      text = decoder.decode(chunk, { stream: chunk !== undefined });
    } catch {
      broken = true;
      text = validLines(chunk);
    }
    line += text.split('\n').length - 1;
    if (text !== '') yield text;
    if (!broken) continue;
    throw new TaskFailure('not_utf8', `Line ${line} is not in UTF-8; save the file as "CSV UTF-8"`, {
      retryable: false,
      details: { line },
    });
  }
}

/** The chunks, then nothing once: the decoder may wait for the rest of a character. */
async function* withEnd(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array | undefined> {
  yield* bytes;
  yield undefined;
}

/** The lines of a chunk before the one that is not UTF-8. */
function validLines(chunk: Uint8Array | undefined): string {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(chunk);
  return text.slice(0, text.lastIndexOf('\n', text.indexOf('\uFFFD')) + 1);
}

/** The candidate that stands most often outside quotes in the first line. */
function delimiterOf(text: string): string {
  const header = text.split(/\r?\n/, 1)[0]?.replaceAll(/"[^"]*"/g, '') ?? '';
  const count = (candidate: string) => header.split(candidate).length;
  return [',', ';', '\t'].reduce((best, candidate) => (count(candidate) > count(best) ? candidate : best));
}
