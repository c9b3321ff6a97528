import { toStored } from '../shared/http/response.ts';
import type { Operation } from '../shared/http/rest-handler.ts';
import { carryOutOnce, type IdempotencyKey } from '../shared/idempotency.ts';
import { traceId } from '../shared/logger.ts';
import { type BatchResult, fittingResults } from '../tasks/enqueue/batch-answer.ts';
import { type CommitEnqueue, type Enqueued, enqueueTask } from '../tasks/enqueue/enqueue.ts';
import { enqueueAtomicBatch } from '../tasks/enqueue/enqueue-atomic-batch.ts';
import { enqueueBatch } from '../tasks/enqueue/enqueue-batch.ts';
import { patchTask } from '../tasks/lifecycle/patch-task.ts';
import { withJsonMembers } from '../tasks/task-view.ts';
import { jsonText, replayedHeader, taskResponse } from './task-response.ts';

/** Commits an enqueue together with its answer under the request's idempotency key. */
export function commitAnswer(idempotency: IdempotencyKey | undefined): CommitEnqueue {
  return (writes, enqueued) =>
    carryOutOnce(writes, idempotency, idempotency ? toStored(enqueuedResponse(enqueued)) : nothing);
}

const nothing = { status: 200, headers: {}, body: '' };

/** 201 with the new task, or 200 with the one that was there. */
export function enqueuedResponse({ created, task }: Enqueued) {
  return taskResponse(created ? 201 : 200, task, { location: `/api/v1/tasks/${task.id}` });
}

export const enqueueOperations: Record<string, Operation> = {
  enqueueTask: async (request) =>
    enqueuedResponse(await enqueueTask(request.body, request, commitAnswer(request.idempotency))),
  batchTasks: async (request) => {
    const run = request.body.atomic ? enqueueAtomicBatch : enqueueBatch;
    const { results, replayed } = await run(request.body, request, request.idempotency);
    const passed = results.every(({ status }) => status < 300);
    const texts = fittingResults(results).map((result) => resultJson(result, traceId(request.requestId)));
    return jsonText(passed ? 200 : 207, `{"results":[${texts.join(',')}]}`, replayed ? replayedHeader : {});
  },
  updateTask: async (request) =>
    taskResponse(200, await patchTask(request.path.id ?? '', request.body, request, request.ifMatch)),
};

function resultJson({ index, status, body, problem }: BatchResult, trace: string): string {
  if (problem) return JSON.stringify({ index, status, problem: problem.toDocument(trace) });
  return withJsonMembers({ index, status }, { data: body });
}
