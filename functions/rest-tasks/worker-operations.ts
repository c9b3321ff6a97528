import type { RestRequest } from '../shared/http/request.ts';
import { json, toStored } from '../shared/http/response.ts';
import type { Operation } from '../shared/http/rest-handler.ts';
import { carryOutOnce } from '../shared/idempotency.ts';
import { claimTasks } from '../tasks/claim/claim.ts';
import { abandonClaim } from '../tasks/claim/claim-abandon.ts';
import { keepWhatFits, maxAnswerBytes } from '../tasks/claim/claim-size.ts';
import { heartbeat } from '../tasks/lease/heartbeat.ts';
import type { LeaseHolder } from '../tasks/lease/lease-write.ts';
import { completeTask, failTask, releaseTask, type Settled } from '../tasks/lease/settle.ts';
import { type CommitChange, cancelTask } from '../tasks/lifecycle/cancel.ts';
import { completeByHand } from '../tasks/lifecycle/complete-by-hand.ts';
import { retryTask } from '../tasks/lifecycle/retry.ts';
import { leaseJson } from '../tasks/task-view.ts';
import { jsonText, replayedHeader, taskResponse } from './task-response.ts';

/** A waiting claim ends this long before the function would, in milliseconds. */
const answerMargin = 2_000;

export const workerOperations: Record<string, Operation> = {
  claimTasks: async (request) => {
    // The standard header does for a claim what its own claimId does.
    const claimId = request.body.claimId ?? request.idempotency?.key;
    const until = Date.now() + request.remainingMillis() - answerMargin;
    const claimed = await claimTasks({ ...request.body, claimId }, request, until);
    const tasks = await keepWhatFits(claimed, maxAnswerBytes, request);
    return jsonText(200, `{"tasks":[${tasks.map(leaseJson).join(',')}]}`);
  },
  abandonClaim: async (request) => json(200, { released: await abandonClaim(request.body.claimId, request) }),
  heartbeatTask: async (request) => json(200, await heartbeat(holderOf(request), request.body, request)),
  completeTask: async (request) => {
    const { result, leaseToken } = request.body;
    return settledResponse(
      leaseToken === undefined
        ? await completeByHand(idOf(request), result, request, request.ifMatch)
        : await completeTask(holderOf(request), result, request),
    );
  },
  failTask: async (request) => settledResponse(await failTask(holderOf(request), request.body, request)),
  releaseTask: async (request) =>
    settledResponse(await releaseTask(holderOf(request), request.body.delaySeconds, request)),
  cancelTask: async (request) =>
    taskResponse(
      200,
      await cancelTask(idOf(request), request.body?.reason, request, commitWith(request), request.ifMatch),
    ),
  retryTask: async (request) =>
    taskResponse(
      200,
      await retryTask(idOf(request), request.body?.input, request, commitWith(request), request.ifMatch),
    ),
};

const idOf = (request: RestRequest) => request.path.id ?? '';

function holderOf(request: RestRequest<{ leaseToken: string }>): LeaseHolder {
  return { id: idOf(request), leaseToken: request.body.leaseToken, ifMatch: request.ifMatch };
}

function commitWith(request: RestRequest): CommitChange {
  return (writes, task) => carryOutOnce(writes, request.idempotency, toStored(taskResponse(200, task)));
}

function settledResponse({ task, repeated }: Settled) {
  return taskResponse(200, task, repeated ? replayedHeader : {});
}
