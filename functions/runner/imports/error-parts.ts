import { putObject, readText } from '../../shared/aws/s3.ts';
import { GrowingObject } from '../../shared/aws/s3-multipart.ts';
import { errorsFileKey } from '../../tasks/imports/files.ts';
import type { TaskItem } from '../../tasks/task.ts';
import type { ErrorFormat } from './row-source.ts';

/**
 * The error file of an import grows in parts, one for each checkpoint that has row errors. A run that begins again
 * at a checkpoint writes the same part over, so no error is lost and none stands twice.
 */
export async function writePart(
  { tenantId, id }: TaskItem,
  part: number,
  lines: string[],
  { extension, contentType }: ErrorFormat,
): Promise<void> {
  await putObject(errorsFileKey(tenantId, id, extension, part), lines.join(''), contentType);
}

/** Joins the parts, one at a time, into the file that people get. @returns its key */
export async function joinParts(
  { tenantId, id }: TaskItem,
  { extension, contentType, header }: ErrorFormat,
  parts: number,
): Promise<string> {
  const key = errorsFileKey(tenantId, id, extension);
  const whole = new GrowingObject(key, contentType);
  await whole.write(header);
  for (let part = 0; part < parts; part += 1) {
    await whole.write((await readText(errorsFileKey(tenantId, id, extension, part))) ?? '');
  }
  await whole.finish();
  return key;
}
