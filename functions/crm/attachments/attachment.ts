import * as z from 'zod/mini';
import { allowedTypes, isAllowedType, isProgram } from './file-types.ts';

/** What files can be attached to. */
export const attachableEntities = [
  'contact',
  'company',
  'deal',
  'activity',
  'product',
  'order',
  'invoice',
] as const;

/** Ours: what people send by e-mail, at most (the mail servers' own limit). */
const maxBytes = 25 * 1024 * 1024;

/** The record that a file belongs to. */
export const aboutRecord = z.strictObject({
  type: z.enum(attachableEntities),
  id: z.string().check(z.regex(/^[a-z]{2,5}_[0-9A-Z]{26}$/, 'must be an id such as con_01H…')),
});
export type AboutRecord = z.infer<typeof aboutRecord>;

const fileName = z.string().check(
  z.trim(),
  z.minLength(1),
  z.maxLength(200),
  z.regex(/^[^\p{C}/\\]*$/u, 'must be a file name without slashes and control characters'),
  z.refine((name) => !/^\.+$/.test(name), 'must not be of dots alone, which name directories'),
  z.refine((name) => !isProgram(name), 'must not be the name of a program or a web page'),
);

export const attachmentInput = z.strictObject({
  about: aboutRecord,
  name: fileName,
  contentType: z
    .string()
    .check(
      z.maxLength(150),
      z.regex(/^[\w.+-]+\/[\w.+-]+(; ?[\w.+-]+=[\w.+-]+)*$/, 'must be a media type such as application/pdf'),
      z.refine(isAllowedType, `must be one of: ${allowedTypes.join(', ')}`),
    ),
  sizeBytes: z.int().check(z.gte(1), z.lte(maxBytes)),
});
export type AttachmentInput = z.infer<typeof attachmentInput>;

const members = {
  id: z.string(),
  about: z.strictObject({ type: z.enum(attachableEntities), id: z.string() }),
  name: z.string(),
  contentType: z.string(),
  sizeBytes: z.int(),
  /** `pending` until the file is there; what has not come an hour after its URL has ended is forgotten. */
  status: z.enum(['pending', 'stored']),
  version: z.int(),
  createdAt: z.string(),
  updatedAt: z.string(),
  createdBy: z.string(),
  updatedBy: z.string(),
};

export const attachmentOutput = z.strictObject(members);
export type Attachment = z.infer<typeof attachmentOutput>;

export const createdAttachmentOutput = z.strictObject({
  ...members,
  /** Send the file there, with just these headers. */
  upload: z.strictObject({
    method: z.literal('PUT'),
    uploadUrl: z.string(),
    headers: z.record(z.string(), z.string()),
    expiresAt: z.string(),
  }),
});
export type CreatedAttachment = z.infer<typeof createdAttachmentOutput>;

export const foundAttachmentOutput = z.strictObject({
  ...members,
  /** `null` while it is pending. */
  download: z.nullable(z.strictObject({ downloadUrl: z.string(), expiresAt: z.string() })),
});
export type FoundAttachment = z.infer<typeof foundAttachmentOutput>;
