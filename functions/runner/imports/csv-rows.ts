import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
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
 * semicolon or tab as the delimiter, whichever the header uses most. Empty lines are left out.
 * @throws {TaskFailure} `malformed_csv` with the line, `not_utf8`
 */
export async function* readCsvRows(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<CsvRow> {
  const texts = decodeUtf8(bytes);
  const first = await texts.next();
  if (first.done) return;
  const parser = parse({
    bom: true,
    delimiter: delimiterOf(first.value),
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: maxRowBytes,
  });
  // Errors of the source and of the parser both surface in the loop below.
  pipeline(Readable.from(prepend(first.value, texts)), parser).catch(() => undefined);
  let linesBefore = 0;
  try {
    for await (const { record, info } of parser as AsyncIterable<{
      record: string[];
      info: { lines: number };
    }>) {
      yield { line: linesBefore + 1, cells: record };
      linesBefore = info.lines;
    }
  } catch (error) {
    if (error instanceof TaskFailure) throw error;
    if (!(error instanceof CsvError)) throw error;
    // The parser's message names the line.
    throw new TaskFailure('malformed_csv', error.message, { retryable: false });
  }
}

async function* decodeUtf8(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const decode = (chunk?: Uint8Array) => {
    try {
      return decoder.decode(chunk, { stream: chunk !== undefined });
    } catch {
      throw new TaskFailure('not_utf8', 'The file is not in UTF-8; save it as "CSV UTF-8"', {
        retryable: false,
      });
    }
  };
  for await (const chunk of bytes) {
    const text = decode(chunk);
    if (text !== '') yield text;
  }
  const rest = decode();
  if (rest !== '') yield rest;
}

async function* prepend(first: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield first;
  yield* rest;
}

/** The candidate that stands most often outside quotes in the first line. */
function delimiterOf(text: string): string {
  const header = text.split(/\r?\n/, 1)[0]?.replaceAll(/"[^"]*"/g, '') ?? '';
  const count = (candidate: string) => header.split(candidate).length;
  return [',', ';', '\t'].reduce((best, candidate) => (count(candidate) > count(best) ? candidate : best));
}
