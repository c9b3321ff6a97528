import { countRecords } from '../../crm/records/count-records.ts';
import { listRecords } from '../../crm/records/find-records.ts';
import type { Actor } from '../../shared/actor.ts';
import { putObject, readText } from '../../shared/aws/s3.ts';
import { GrowingObject } from '../../shared/aws/s3-multipart.ts';
import { log } from '../../shared/logger.ts';
import { validate } from '../../shared/validation.ts';
import { exportInput, planExport } from '../../tasks/exports/export-input.ts';
import { exportFileKeys } from '../../tasks/imports/files.ts';
import type { BuiltinContext, BuiltinOutcome } from '../builtin.ts';
import { HeapPeak } from '../heap-peak.ts';
import { betweenReports } from '../pace.ts';
import { type ExportState, exportStateOf } from './export-state.ts';
import { columnsOf, recordLines } from './record-lines.ts';

/** Records of one Query. */
const pageSize = '100';

/**
 * Writes records into a file; see POST /api/v1/exports. Its result is `{fileKey, rows, sizeBytes, format}`. The list
 * is read in the order of creation, which later changes do not move: each record that matches all the while is in the
 * file once.
 */
export async function exportRecords(context: BuiltinContext): Promise<BuiltinOutcome> {
  const { task } = context;
  const actor = actorOf(context);
  const input = validate(exportInput, JSON.parse(task.input ?? 'null'));
  const plan = await planExport(input, actor);
  const { fileKey, restKey } = exportFileKeys(task.tenantId, task.id, `${input.entity}.${plan.format}`);
  const state: ExportState = exportStateOf(task) ?? {
    rows: 0,
    columns: await columnsOf(plan, task.tenantId),
    rest: false,
  };
  const { header, lines, contentType } = recordLines(plan, state.columns);
  const file = new GrowingObject(fileKey, contentType, state.upload);
  await file.write(state.rest ? ((await readText(restKey)) ?? '') : state.cursor === undefined ? header : '');
  const total = Object.keys(input.filter).length === 0 ? await countRecords(plan.definition, [], actor) : 0;
  const heap = new HeapPeak();
  let kept = JSON.stringify(state);
  let reportedAt = Date.now();
  try {
    while (state.cursor !== null) {
      const query: Record<string, string> = { ...plan.query, limit: pageSize };
      if (state.cursor !== undefined) query.cursor = state.cursor;
      const { data, page } = await listRecords(plan.definition, query, actor);
      const stored = await file.write(lines(data));
      state.rows += data.length;
      state.cursor = page.nextCursor;
      heap.look();
      if (stored) kept = JSON.stringify({ ...state, upload: file.state, rest: false });
      const stop = context.remainingMillis() <= 0;
      if (!stop && Date.now() - reportedAt < betweenReports) continue;
      reportedAt = Date.now();
      if (stop) {
        await putObject(restKey, file.pending, contentType);
        kept = JSON.stringify({ ...state, upload: file.state, rest: true });
      }
      // A release of a task that is to be cancelled cancels it.
      if ((await context.report(progressOf(state, total), kept)) || stop) return { checkpoint: kept };
    }
    const sizeBytes = await file.finish();
    return {
      result: { fileKey, rows: state.rows, sizeBytes, format: plan.format },
      progress: { percent: 100, message: `${state.rows} rows` },
    };
  } finally {
    log().info('export', { taskId: task.id, rows: state.rows, heapMegabytes: heap.megabytes });
  }
}

/** Whoever asked for the export sees what it sees. */
function actorOf({ task, requestId }: BuiltinContext): Actor {
  return { caller: { tenantId: task.tenantId, subject: task.createdBy, role: 'viewer' }, requestId };
}

/** How much of a filtered list is left is known at its end only. @param total of all records, 0 when not known */
function progressOf({ rows }: ExportState, total: number) {
  const message = `${rows} rows`;
  return total > 0 ? { percent: Math.min(99, Math.floor((100 * rows) / total)), message } : { message };
}
