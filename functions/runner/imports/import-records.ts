import type { Actor } from '../../shared/actor.ts';
import { getObject, headObject } from '../../shared/aws/s3.ts';
import { log } from '../../shared/logger.ts';
import { validate } from '../../shared/validation.ts';
import { isOwnFile } from '../../tasks/imports/files.ts';
import { importInput, planImport } from '../../tasks/imports/import-input.ts';
import type { TaskItem } from '../../tasks/task.ts';
import { type BuiltinContext, type BuiltinOutcome, TaskFailure } from '../builtin.ts';
import { HeapPeak } from '../heap-peak.ts';
import { betweenReports, RowPace } from '../pace.ts';
import { openCsv } from './csv-source.ts';
import { customKinds } from './custom-kinds.ts';
import { joinParts, writePart } from './error-parts.ts';
import type { ImportContext } from './import-context.ts';
import { type ImportState, stateOf } from './import-state.ts';
import { openNdjson } from './ndjson-source.ts';
import type { RowSource, SourceRow } from './row-source.ts';
import { SeenValues } from './seen-values.ts';
import { noteRow } from './try-rows.ts';
import { writeRows } from './write-rows.ts';

/**
 * Reads records from a file; see POST /api/v1/imports. Its result is
 * `{rows, created, updated, unchanged, failed, dryRun, errorsFileKey}`; `errorsFileKey` names a file of the rows that
 * failed, each with its line and reason. A file that breaks in the middle fails the task, with the same and the
 * `line` as the details of its error; what stands before that line is done.
 */
export async function importRecords(context: BuiltinContext): Promise<BuiltinOutcome> {
  const { task } = context;
  const plan = planImport(validate(importInput, JSON.parse(task.input ?? 'null')));
  const file = await openFile(plan.input.fileKey, task);
  const source =
    plan.format === 'csv'
      ? await openCsv(file.bytes, plan, await customKinds(plan.definition, task.tenantId))
      : await openNdjson(file.bytes, plan);
  const state = stateOf(task);
  const work: ImportContext = {
    plan,
    task,
    actor: actorOf(context),
    source,
    state,
    seen: new SeenValues(),
  };
  let errors: string[] = [];
  let reportedAt = Date.now();
  const checkpoint = async () => {
    if (errors.length > 0) {
      await writePart(task, state.parts, errors, source.errors);
      state.parts += 1;
      errors = [];
    }
    return JSON.stringify(state);
  };
  const report = async () => {
    await checkpoint();
    const { parts, ...counts } = state;
    const errorsFileKey = parts > 0 ? await joinParts(task, source.errors, parts) : null;
    return { ...counts, dryRun: plan.input.dryRun, errorsFileKey };
  };
  const heap = new HeapPeak();
  try {
    const pace = new RowPace();
    for await (const batch of inBatches(fromWhereItWas(source, work), pace)) {
      const began = Date.now();
      const failures = await writeRows(batch, work);
      pace.took(Date.now() - began);
      heap.look();
      errors.push(...failures.map(source.errors.lines));
      const slow = Date.now() - reportedAt > betweenReports;
      const stop = context.remainingMillis() <= 0;
      if (!slow && !stop) continue;
      reportedAt = Date.now();
      const kept = await checkpoint();
      const cancelled = await context.report(progressOf(state, file.percent()), kept);
      // A release of a task that is to be cancelled cancels it.
      if (stop || cancelled) return { checkpoint: kept };
    }
  } catch (error) {
    const line = brokenAt(error);
    if (line === undefined) throw error;
    const { code, message } = error as TaskFailure;
    errors.push(source.errors.breakLine(line, code, message));
    throw new TaskFailure(code, message, { retryable: false, details: { ...(await report()), line } });
  } finally {
    log().info('import', { taskId: task.id, rows: state.rows, heapMegabytes: heap.megabytes });
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

/** The rows after those that are done: reading is cheap beside writing, and line numbers stay right. */
async function* fromWhereItWas({ rows }: RowSource, work: ImportContext): AsyncGenerator<SourceRow> {
  const done = work.state.rows;
  let skipped = 0;
  for await (const row of rows) {
    if (skipped === done) yield row;
    else {
      skipped += 1;
      if (work.plan.input.dryRun) noteRow(row, work);
    }
  }
}

/** What has been read before a failure is given before it is thrown. */
async function* inBatches(rows: AsyncGenerator<SourceRow>, pace: RowPace): AsyncGenerator<SourceRow[]> {
  let batch: SourceRow[] = [];
  let characters = 0;
  let failure: { error: unknown } | undefined;
  try {
    for await (const row of rows) {
      batch.push(row);
      characters += row.cells.reduce((sum, { length }) => sum + length, 0);
      if (!pace.isFull(batch.length, characters)) continue;
      yield batch;
      batch = [];
      characters = 0;
    }
  } catch (error) {
    failure = { error };
  }
  if (batch.length > 0) yield batch;
  if (failure) throw failure.error;
}
