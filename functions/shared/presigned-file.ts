import { presignedUrl } from './aws/s3.ts';
import { now } from './clock.ts';

/** Presigned URLs are as good as credentials, so they do not live long. */
export const urlSeconds = 900;

/** When a URL that is made now ends. */
export function urlExpiry(): string {
  return new Date(now().getTime() + urlSeconds * 1_000).toISOString();
}

/**
 * What uploads one file.
 * @param headers to be sent with the upload just like this: the signature is over them
 */
export async function presignedUpload(fileKey: string, headers: Record<string, string>) {
  return {
    method: 'PUT' as const,
    uploadUrl: await presignedUrl('PUT', fileKey, urlSeconds, headers),
    headers,
    expiresAt: urlExpiry(),
  };
}

/** What downloads one file. */
export async function presignedDownload(fileKey: string) {
  return { downloadUrl: await presignedUrl('GET', fileKey, urlSeconds), expiresAt: urlExpiry() };
}

/** A file's name as the last part of its key: S3 keys of plain characters need no escaping anywhere. */
export function safeName(name: string): string {
  return name
    .replaceAll(/[^\w.-]+/g, '_')
    .replace(/^\.+/, '_')
    .replaceAll('..', '_');
}
