import type { Actor } from '../../shared/actor.ts';
import { getObject, headObject } from '../../shared/aws/s3.ts';
import { validate } from '../../shared/validation.ts';
import { isOwnFile } from '../../tasks/imports/files.ts';
import { importInput } from '../../tasks/imports/import-input.ts';
import type { TaskItem } from '../../tasks/task.ts';
import { type BuiltinContext, type BuiltinOutcome, TaskFailure } from '../builtin.ts';
import { type CsvRow, readCsvRows } from './csv-rows.ts';
import { breakLine, errorHeader, errorLines } from './error-file.ts';
import { joinParts, writePart } from './error-parts.ts';
import { importBatch } from './import-batch.ts';
import { type ImportState, stateOf } from './import-state.ts';
import { readHeader } from './row-to-contact.ts';

/** Rows between two looks at the clock. */
const batchRows = 64;
/** Between two reports, in milliseconds. */
const betweenReports = 2_000;

/**
 * Reads contacts from a CSV file; see POST /api/v1/imports. Its result is
 * `{rows, created, updated, failed, dryRun, errorsFileKey}`; `errorsFileKey` names a CSV of the rows that failed,
 * each with its line and reason. A file that breaks in the middle fails the task, with the same and the `line` as
 * the details of its error; what stands before that line is done.
 */
export async function importContacts(context: BuiltinContext): Promise<BuiltinOutcome> {
  const { task } = context;
  const input = validate(importInput, JSON.parse(task.input ?? 'null'));
  const source = await openFile(input.fileKey, task);
  const rows = readCsvRows(source.bytes);
  const first = await rows.next();
  if (first.done) throw new TaskFailure('empty_file', 'The file is empty', { retryable: false });
  const header = first.value.cells;
  const columns = readHeader(header, input);
  const state = stateOf(task);
  let errors: string[] = [];
  let reportedAt = Date.now();
  const checkpoint = async () => {
    if (errors.length > 0) {
      await writePart(task, state.parts, errors);
      state.parts += 1;
      errors = [];
    }
    return JSON.stringify(state);
  };
  const report = async () => {
    await checkpoint();
    const { parts, ...counts } = state;
    const errorsFileKey = parts > 0 ? await joinParts(task, errorHeader(header), parts) : null;
    return { ...counts, dryRun: input.dryRun, errorsFileKey };
  };
  const seen = new Set<string>();
  const actor = actorOf(context);
  try {
    for await (const batch of inBatches(skip(rows, state.rows))) {
      const failures = await importBatch(batch, { input, columns, taskId: task.id, actor, state, seen });
      errors.push(...failures.map((failure) => errorLines(failure, header, columns)));
      const slow = Date.now() - reportedAt > betweenReports;
      const stop = context.remainingMillis() <= 0;
      if (!slow && !stop) continue;
      reportedAt = Date.now();
      const kept = await checkpoint();
      const cancelled = await context.report(progressOf(state, source.percent()), kept);
      // A release of a task that is to be cancelled cancels it.
      if (stop || cancelled) return { checkpoint: kept };
    }
  } catch (error) {
    const line = brokenAt(error);
    if (line === undefined) throw error;
    const { code, message } = error as TaskFailure;
    errors.push(breakLine(line, code, message));
    throw new TaskFailure(code, message, { retryable: false, details: { ...(await report()), line } });
  }
  return { result: await report(), progress: progressOf(state, 100) };
}

/** The line at which a file breaks, when that is what the error says. */
function brokenAt(error: unknown): number | undefined {
  if (!(error instanceof TaskFailure)) return undefined;
  return (error.details as { line?: number } | undefined)?.line;
}

/** The rows are the work of whoever asked for the import. */
function actorOf({ task, requestId }: BuiltinContext): Actor {
  return { caller: { tenantId: task.tenantId, subject: task.createdBy, role: 'member' }, requestId };
}

function progressOf({ rows, failed }: ImportState, percent: number) {
  return { percent, message: `${rows} rows${failed > 0 ? `, ${failed} of them failed` : ''}` };
}

async function openFile(fileKey: string, { tenantId }: TaskItem) {
  const head = isOwnFile(fileKey, tenantId) ? await headObject(fileKey) : undefined;
  const bytes = head && (await getObject(fileKey));
  if (!bytes) {
    throw new TaskFailure('file_not_found', `There is no file ${fileKey}; files are kept for 30 days`, {
      retryable: false,
    });
  }
  let read = 0;
  async function* counted(chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      read += chunk.length;
      yield chunk;
    }
  }
  return {
    bytes: counted(bytes),
    /** 99 until it has ended: the last rows are still at work when all bytes are read. */
    percent: () => Math.min(99, Math.floor((100 * read) / Math.max(1, head.sizeBytes))),
  };
}

async function* skip(rows: AsyncGenerator<CsvRow>, count: number): AsyncGenerator<CsvRow> {
  let skipped = 0;
  for await (const row of rows) {
    if (skipped < count) skipped += 1;
    else yield row;
  }
}

/** What has been read before a failure is given before it is thrown. */
async function* inBatches(rows: AsyncGenerator<CsvRow>): AsyncGenerator<CsvRow[]> {
  let batch: CsvRow[] = [];
  let failure: { error: unknown } | undefined;
  try {
    for await (const row of rows) {
      batch.push(row);
      if (batch.length < batchRows) continue;
      yield batch;
      batch = [];
    }
  } catch (error) {
    failure = { error };
  }
  if (batch.length > 0) yield batch;
  if (failure) throw failure.error;
}
