import type { Actor } from '../../shared/actor.ts';
import { mapConcurrently } from '../../shared/map-concurrently.ts';
import { Problem, validationFailed } from '../../shared/problem.ts';
import { toProblem } from '../../shared/to-problem.ts';
import { validate } from '../../shared/validation.ts';
import { heartbeat } from '../lease/heartbeat.ts';
import { completeTask, failTask, releaseTask, type Settled } from '../lease/settle.ts';
import { toView, withJsonMembers } from '../task-view.ts';
import { type ReportAction, reportActions, reportBodies, reportHead } from './report-input.ts';

/** How one report fared. */
export interface ReportResult {
  index: number;
  /** As sent, `null` when that was none. */
  id: string | null;
  action: ReportAction | null;
  status: number;
  /** JSON text: the answer of the action's own call, a task without its input, which its worker has. */
  data?: string;
  /** The lease had been settled so before. */
  replayed?: boolean;
  problem?: Problem;
  /** The worker should know of this at once: something failed, or it is to stop. */
  urgent: boolean;
}

/** Reports at work at the same time. */
const concurrency = 8;

/**
 * Carries out reports side by side, those about the same task one after the other: one UpdateItem each.
 * A report that is refused or fails has a problem of its own and keeps nobody else's result back.
 */
export async function settleReports(
  reports: readonly Record<string, unknown>[],
  actor: Actor,
): Promise<ReportResult[]> {
  const byTask = [...Map.groupBy(reports.keys(), (index) => reports[index]?.id).values()];
  const results = await mapConcurrently(byTask, concurrency, async (indexes) => {
    const own: ReportResult[] = [];
    for (const index of indexes) own.push(await settleReport(reports[index] ?? {}, index, actor));
    return own;
  });
  return results.flat().sort((a, b) => a.index - b.index);
}

async function settleReport(
  report: Record<string, unknown>,
  index: number,
  actor: Actor,
): Promise<ReportResult> {
  const at = `/reports/${index}`;
  const echo = {
    index,
    id: typeof report.id === 'string' ? report.id : null,
    action: reportActions.find((action) => action === report.action) ?? null,
  };
  try {
    return { ...echo, status: 200, ...(await carryOut(report, at, actor)) };
  } catch (error) {
    const problem = pointBelow(toProblem(error), at);
    return { ...echo, status: problem.status, problem, urgent: true };
  }
}

async function carryOut(
  report: Record<string, unknown>,
  at: string,
  actor: Actor,
): Promise<Pick<ReportResult, 'data' | 'replayed' | 'urgent'>> {
  const { action } = validate(reportHead, report, at);
  switch (action) {
    case 'complete': {
      const { result, ...holder } = validate(reportBodies.complete, report, at);
      return settledResult(await completeTask(holder, result, actor));
    }
    case 'fail': {
      const input = validate(reportBodies.fail, report, at);
      return settledResult(await failTask(input, input, actor));
    }
    case 'release': {
      const { delaySeconds, ...holder } = validate(reportBodies.release, report, at);
      return settledResult(await releaseTask(holder, delaySeconds, actor));
    }
    case 'heartbeat': {
      const input = validate(reportBodies.heartbeat, report, at);
      const answer = await heartbeat(input, input, actor);
      return { data: JSON.stringify(answer), replayed: false, urgent: answer.cancelRequested };
    }
  }
}

function settledResult({ task, repeated }: Settled) {
  const data = withJsonMembers(toView(task), { result: task.result });
  return { data, replayed: repeated, urgent: false };
}

/** The pointers of a call's own problem as they are in a body that holds the call below `at`. */
export function pointBelow(problem: Problem, at: string): Problem {
  const errors = problem.options.errors?.map((detail) =>
    detail.pointer === undefined || detail.pointer.startsWith(`${at}/`) || detail.pointer === at
      ? detail
      : { ...detail, pointer: `${at}${detail.pointer}` },
  );
  if (!errors) return problem;
  if (problem.code === 'validation_failed') return validationFailed(errors);
  return new Problem(problem.code, problem.detail, { ...problem.options, errors });
}
