import type { RestRequest } from '../shared/http/request.ts';
import type { Operation } from '../shared/http/rest-handler.ts';
import { traceId } from '../shared/logger.ts';
import { Problem } from '../shared/problem.ts';
import { toProblem } from '../shared/to-problem.ts';
import { type ClaimInput, claimTasks } from '../tasks/claim/claim.ts';
import { answerBytes, keepWhatFits, maxAnswerBytes } from '../tasks/claim/claim-size.ts';
import type { ReportInput } from '../tasks/report/report-input.ts';
import { pointBelow, type ReportResult, settleReports } from '../tasks/report/settle-reports.ts';
import type { TaskItem } from '../tasks/task.ts';
import { leaseJson, withJsonMembers } from '../tasks/task-view.ts';
import { jsonText } from './task-response.ts';

/** A waiting claim ends this long before the function would, and is given up this long before it, in milliseconds. */
const margins = { wait: 2_000, giveUp: 1_200 };

export const reportOperations: Record<string, Operation> = {
  reportTasks: async (request: RestRequest<ReportInput>) => {
    const { reports, claim } = request.body;
    const results = await settleReports(reports, request);
    const trace = traceId(request.requestId);
    const texts = results.map((result) => resultJson(result, trace));
    const room = maxAnswerBytes - texts.reduce((sum, text) => sum + answerBytes(text), 0);
    const waits = results.every(({ urgent }) => !urgent);
    const claimed = claim && (await tryClaim(waits ? claim : { ...claim, waitSeconds: 0 }, room, request));
    const passed = results.every(({ problem }) => !problem) && !claimed?.problem;
    return jsonText(
      passed ? 200 : 207,
      withJsonMembers(
        {},
        {
          results: `[${texts.join(',')}]`,
          tasks: `[${(claimed?.tasks ?? []).map(leaseJson).join(',')}]`,
          claimProblem: claimed?.problem && JSON.stringify(claimed.problem.toDocument(trace)),
        },
      ),
    );
  },
};

/** The claim, or why there is none: the results are answered in any case, and in time. */
async function tryClaim(
  claim: ClaimInput,
  room: number,
  request: RestRequest,
): Promise<{ tasks: TaskItem[]; problem?: Problem }> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Problem('unavailable', 'The claim took too long; repeat it under its claimId')),
    request.remainingMillis() - margins.giveUp,
  );
  try {
    return { tasks: await Promise.race([claimWhatFits(claim, room, request), tooLate]) };
  } catch (error) {
    return { tasks: [], problem: pointBelow(toProblem(error), '/claim') };
  } finally {
    clearTimeout(timer);
  }
}

async function claimWhatFits(claim: ClaimInput, room: number, request: RestRequest): Promise<TaskItem[]> {
  const claimId = claim.claimId ?? request.idempotency?.key;
  const until = Date.now() + request.remainingMillis() - margins.wait;
  const tasks = await claimTasks({ ...claim, claimId }, request, until);
  return keepWhatFits(tasks, room, request);
}

function resultJson(result: ReportResult, trace: string): string {
  const { index, id, action, status, data, replayed = false, problem } = result;
  if (problem) return JSON.stringify({ index, id, action, status, problem: problem.toDocument(trace) });
  return withJsonMembers({ index, id, action, status, replayed }, { data });
}
