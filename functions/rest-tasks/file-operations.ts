import { json } from '../shared/http/response.ts';
import type { Operation } from '../shared/http/rest-handler.ts';
import { createImport } from '../tasks/imports/create-import.ts';
import { createDownload, createUpload } from '../tasks/imports/files.ts';
import { commitAnswer, enqueuedResponse } from './enqueue-operations.ts';

export const fileOperations: Record<string, Operation> = {
  createFile: async (request) => json(201, await createUpload(request.body, request)),
  getFile: async (request) => json(200, await createDownload(request.path.fileKey ?? '', request)),
  createImport: async (request) =>
    enqueuedResponse(await createImport(request.body, request, commitAnswer(request.idempotency))),
};
