import type { Actor } from '../../shared/actor.ts';
import { headObject, presignedUrl } from '../../shared/aws/s3.ts';
import { now } from '../../shared/clock.ts';
import { newId } from '../../shared/ids.ts';
import { notFound } from '../../shared/problem.ts';
import type { FileInput } from './files-schema.ts';

/** Presigned URLs are as good as credentials, so they do not live long. */
const urlSeconds = 900;

/** Files live under the kind that the bucket's lifecycle rule is for, then under their tenant. */
const prefixOf = (tenantId: string) => `imports/${tenantId}/`;

/** A URL to which one file can be uploaded. */
export async function createUpload({ name, contentType }: FileInput, { caller }: Actor) {
  const fileKey = `${prefixOf(caller.tenantId)}${newId('file')}/${safeName(name)}`;
  const headers = { 'content-type': contentType };
  return {
    fileKey,
    method: 'PUT' as const,
    uploadUrl: await presignedUrl('PUT', fileKey, urlSeconds, headers),
    headers,
    expiresAt: expiry(),
  };
}

/** A URL from which a file of the tenant can be read. @throws {Problem} `not_found` */
export async function createDownload(fileKey: string, actor: Actor) {
  const { sizeBytes } = await requireFile(fileKey, actor);
  return {
    fileKey,
    sizeBytes,
    downloadUrl: await presignedUrl('GET', fileKey, urlSeconds),
    expiresAt: expiry(),
  };
}

/** @throws {Problem} `not_found` when there is no such file or it is another tenant's */
export async function requireFile(fileKey: string, { caller }: Actor): Promise<{ sizeBytes: number }> {
  const found = isOwnFile(fileKey, caller.tenantId) ? await headObject(fileKey) : undefined;
  if (!found) throw notFound('file', fileKey);
  return found;
}

/** True when the key is one of the tenant's own; dots that climb out of its folder are refused. */
export function isOwnFile(fileKey: string, tenantId: string): boolean {
  return (
    fileKey.startsWith(prefixOf(tenantId)) && /^[\w.-]+(\/[\w.-]+)+$/.test(fileKey) && !fileKey.includes('..')
  );
}

/** Where an import of the tenant leaves its row errors. @param part the run that wrote them; absent for the whole */
export function errorsFileKey(tenantId: string, taskId: string, extension: string, part?: number): string {
  return `${prefixOf(tenantId)}${taskId}${part === undefined ? '' : `-part-${part}`}-errors.${extension}`;
}

/** S3 keys of plain characters need no escaping anywhere. */
function safeName(name: string): string {
  return name
    .replaceAll(/[^\w.-]+/g, '_')
    .replace(/^\.+/, '_')
    .replaceAll('..', '_');
}

function expiry(): string {
  return new Date(now().getTime() + urlSeconds * 1_000).toISOString();
}
