import * as z from 'zod/mini';
import { described, line } from '../fields.ts';

export const fileInput = z.strictObject({
  name: described(line(100), 'The name of the file on your side.'),
  contentType: described(
    z._default(
      z.string().check(z.maxLength(100), z.regex(/^[\w.+-]+\/[\w.+-]+(; ?[\w.+-]+=[\w.+-]+)*$/)),
      'text/csv',
    ),
    'What the upload has to send as Content-Type.',
  ),
});

export type FileInput = z.infer<typeof fileInput>;

export const uploadOutput = z.strictObject({
  fileKey: described(z.string(), 'Names the file from now on.'),
  method: z.literal('PUT'),
  uploadUrl: z.string(),
  headers: described(z.record(z.string(), z.string()), 'To be sent with the upload.'),
  expiresAt: z.string(),
});

export const fileOutput = z.strictObject({
  fileKey: z.string(),
  sizeBytes: z.int(),
  downloadUrl: z.string(),
  expiresAt: z.string(),
});
