import { planAttachment } from '../crm/attachments/create-attachment.ts';
import { deleteAttachment } from '../crm/attachments/delete-attachment.ts';
import { getAttachment, listAttachments } from '../crm/attachments/find-attachments.ts';
import { json, noContent, record } from '../shared/http/response.ts';
import type { Operation } from '../shared/http/rest-handler.ts';
import { commitPlan } from './commit-plan.ts';

export const attachmentOperations: Record<string, Operation> = {
  listAttachments: async (request) => json(200, await listAttachments(request.query, request)),
  createAttachment: (request) =>
    commitPlan(
      request,
      () => planAttachment(request.body, request),
      (created) => record(201, created, { location: `/api/v1/attachments/${created.id}` }),
    ),
  getAttachment: async (request) => json(200, await getAttachment(request.path.id ?? '', request)),
  deleteAttachment: async (request) => {
    await deleteAttachment(request.path.id ?? '', request);
    return noContent();
  },
};
