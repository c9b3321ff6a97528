import type { Operation } from '../shared/http/rest-handler.ts';
import { createRescore } from '../tasks/rescore/create-rescore.ts';
import { commitAnswer, enqueuedResponse } from './enqueue-operations.ts';

export const rescoreOperations: Record<string, Operation> = {
  rescoreContacts: async (request) =>
    enqueuedResponse(await createRescore(request, commitAnswer(request.idempotency))),
};
