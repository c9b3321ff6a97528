import type { Operation } from '../shared/http/rest-handler.ts';
import { createRecount } from '../tasks/recount/create-recount.ts';
import { commitAnswer, enqueuedResponse } from './enqueue-operations.ts';

export const recountOperations: Record<string, Operation> = {
  rebuildCounters: async (request) =>
    enqueuedResponse(await createRecount(request.body, request, commitAnswer(request.idempotency))),
};
