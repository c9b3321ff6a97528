import { json } from '../shared/http/response.ts';
import type { Operation } from '../shared/http/rest-handler.ts';
import { createRedrive } from '../tasks/dead-letters/create-redrive.ts';
import { listDeadLetters } from '../tasks/dead-letters/list-dead-letters.ts';
import { commitAnswer, enqueuedResponse } from './enqueue-operations.ts';

export const deadLetterOperations: Record<string, Operation> = {
  listDeadLetters: async (request) => json(200, await listDeadLetters(request.query, request)),
  redriveDeadLetters: async (request) =>
    enqueuedResponse(await createRedrive(request.body, request, commitAnswer(request.idempotency))),
};
