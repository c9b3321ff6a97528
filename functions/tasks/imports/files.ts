import type { Actor } from '../../shared/actor.ts';
import { headObject } from '../../shared/aws/s3.ts';
import { newId } from '../../shared/ids.ts';
import { presignedDownload, presignedUpload, safeName } from '../../shared/presigned-file.ts';
import { notFound } from '../../shared/problem.ts';
import type { FileInput } from './files-schema.ts';

/** Files live under the kind that the bucket's lifecycle rules are for, then under their tenant. */
const prefixOf = (tenantId: string, kind: 'imports' | 'exports' = 'imports') => `${kind}/${tenantId}/`;

/** A URL to which one file can be uploaded. */
export async function createUpload({ name, contentType }: FileInput, { caller }: Actor) {
  const fileKey = `${prefixOf(caller.tenantId)}${newId('file')}/${safeName(name)}`;
  const headers = { 'content-type': contentType };
  return { fileKey, ...(await presignedUpload(fileKey, headers)) };
}

/** A URL from which a file of the tenant can be read. @throws {Problem} `not_found` */
export async function createDownload(fileKey: string, actor: Actor) {
  const { sizeBytes } = await requireFile(fileKey, actor);
  return { fileKey, sizeBytes, ...(await presignedDownload(fileKey)) };
}

/** @throws {Problem} `not_found` when there is no such file or it is another tenant's */
export async function requireFile(fileKey: string, { caller }: Actor): Promise<{ sizeBytes: number }> {
  const found = isOwnFile(fileKey, caller.tenantId) ? await headObject(fileKey) : undefined;
  if (!found) throw notFound('file', fileKey);
  return found;
}

/** True when the key is one of the tenant's own; dots that climb out of its folder are refused. */
export function isOwnFile(fileKey: string, tenantId: string): boolean {
  const own = [prefixOf(tenantId), prefixOf(tenantId, 'exports')].some((prefix) =>
    fileKey.startsWith(prefix),
  );
  return own && /^[\w.-]+(\/[\w.-]+)+$/.test(fileKey) && !fileKey.includes('..');
}

/** Where an import of the tenant leaves its row errors. @param part the run that wrote them; absent for the whole */
export function errorsFileKey(tenantId: string, taskId: string, extension: string, part?: number): string {
  return `${prefixOf(tenantId)}${taskId}${part === undefined ? '' : `-part-${part}`}-errors.${extension}`;
}

/** Where an export of the tenant goes, and what it keeps beside it between two runs. */
export function exportFileKeys(tenantId: string, taskId: string, name: string) {
  const folder = `${prefixOf(tenantId, 'exports')}${taskId}`;
  return { fileKey: `${folder}/${name}`, restKey: `${folder}/rest` };
}
