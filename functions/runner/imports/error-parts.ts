import { getObject, putObject } from '../../shared/aws/s3.ts';
import { errorsFileKey } from '../../tasks/imports/files.ts';
import type { TaskItem } from '../../tasks/task.ts';

/**
 * The error file of an import grows in parts, one for each checkpoint that has row errors. A run that begins again
 * at a checkpoint writes the same part over, so no error is lost and none stands twice.
 */
export async function writePart(task: TaskItem, part: number, lines: string[]): Promise<void> {
  await putObject(errorsFileKey(task.tenantId, task.id, part), lines.join(''), csvType);
}

/** Joins the parts into the file that people get. @returns its key */
export async function joinParts(task: TaskItem, header: string, parts: number): Promise<string> {
  const texts = [header];
  for (let part = 0; part < parts; part += 1) {
    texts.push(await readText(errorsFileKey(task.tenantId, task.id, part)));
  }
  const key = errorsFileKey(task.tenantId, task.id);
  await putObject(key, texts.join(''), csvType);
  return key;
}

const csvType = 'text/csv; charset=utf-8';

async function readText(key: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of (await getObject(key)) ?? []) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
