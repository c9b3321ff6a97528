import { TaskFailure } from '../builtin.ts';

/**
 * The text of a file in pieces. What stands before a line that is not UTF-8 is given before the failure.
 * @throws {TaskFailure} `binary_file`, `not_utf8`, with `{line}` as its details
 */
export async function* decodeUtf8(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let line = 1;
  for await (const chunk of withEnd(bytes)) {
    if (chunk?.includes(0)) throw binary(line);
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

/** Text has no zero bytes; workbooks, archives and UTF-16 have. */
function binary(line: number): TaskFailure {
  const message =
    'The file is no text in UTF-8: a workbook or archive, or UTF-16? Save it as "CSV UTF-8" or as NDJSON';
  return new TaskFailure('binary_file', message, { retryable: false, details: { line } });
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
