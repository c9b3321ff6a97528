import * as z from 'zod/mini';
import { pageSchema } from '../../platform/page-schema.ts';
import { maxLimit } from '../../shared/list/list-spec.ts';
import type { Route } from '../../shared/route.ts';
import {
  attachmentInput,
  attachmentOutput,
  createdAttachmentOutput,
  foundAttachmentOutput,
} from './attachment.ts';

const common = { function: 'crm', tag: 'attachments' } as const;
const described = (description: string) => z.string().check(z.meta({ description }));

export const attachmentRoutes: Route[] = [
  {
    ...common,
    operation: 'listAttachments',
    method: 'GET',
    path: '/api/v1/attachments',
    permission: 'records:read',
    summary: 'The files of a record, newest first',
    query: z.strictObject({
      about: described('The record, such as contact:con_01H….'),
      limit: z.optional(described(`Rows in a page, 1 to ${maxLimit}. Default 50.`)),
      cursor: z.optional(described('`page.nextCursor` of the page before.')),
    }),
    responses: { 200: { description: 'A page', schema: pageSchema(attachmentOutput) } },
  },
  {
    ...common,
    operation: 'createAttachment',
    method: 'POST',
    path: '/api/v1/attachments',
    permission: 'records:write',
    summary: 'Attach a file to a record: the answer has the URL to upload it to',
    body: attachmentInput,
    responses: {
      201: { description: 'The attachment, still without its file', schema: createdAttachmentOutput },
    },
  },
  {
    ...common,
    operation: 'getAttachment',
    method: 'GET',
    path: '/api/v1/attachments/{id}',
    permission: 'records:read',
    summary: 'Get an attachment with a URL to download its file',
    responses: { 200: { description: 'The attachment', schema: foundAttachmentOutput } },
  },
  {
    ...common,
    operation: 'deleteAttachment',
    method: 'DELETE',
    path: '/api/v1/attachments/{id}',
    permission: 'records:write',
    summary: 'Delete an attachment and its file for good',
    responses: { 204: { description: 'Deleted' } },
  },
];
