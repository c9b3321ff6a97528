import type { Context } from 'aws-lambda';
import { requirePermission } from '../shared/caller.ts';
import { type AuthorizerContext, callerOf } from '../shared/http/parse-request.ts';
import { log, traceId } from '../shared/logger.ts';
import { flushMetrics } from '../shared/metrics.ts';
import { Problem } from '../shared/problem.ts';
import { crmFields } from './crm-fields.ts';
import { dashboardFields } from './dashboard-fields.ts';
import type { Field, FieldCall, FieldTable } from './field.ts';
import { taskFields } from './task-fields.ts';

/** What the resolvers of `graphql/resolvers/lambda.js` and `lambda-batch.js` send. */
export interface FieldEvent {
  /** `Type.field` */
  field: string;
  args: Record<string, unknown>;
  source: Record<string, unknown> | null;
  identity: AuthorizerContext;
}

/** What they take: the field's value or the error to raise. */
export type FieldAnswer =
  | { data: unknown }
  | { error: { message: string; type: string; info: Record<string, unknown> } };

export const fieldTable: FieldTable = { ...crmFields, ...taskFields, ...dashboardFields };

/** Serves AppSync: one field, or the same field of several siblings. */
export async function handler(
  event: FieldEvent | FieldEvent[],
  context: Context,
): Promise<FieldAnswer | FieldAnswer[]> {
  try {
    if (!Array.isArray(event)) return await answerOne(event, context);
    return await answerAll(event, context);
  } finally {
    flushMetrics();
  }
}

async function answerOne(event: FieldEvent, context: Context): Promise<FieldAnswer> {
  try {
    const { field, call } = open(event, context);
    if ('resolve' in field) return { data: (await field.resolve(call)) ?? null };
    const [result] = await field.resolveAll([call]);
    return settle(result, event.field, context);
  } catch (error) {
    return refuse(error, event.field, context);
  }
}

/** All events of a batch are of one field of one operation, hence of one caller. */
async function answerAll(events: FieldEvent[], context: Context): Promise<FieldAnswer[]> {
  const [first] = events;
  if (!first) return [];
  try {
    const opened = events.map((event) => open(event, context));
    const field = opened[0]?.field;
    if (!field || !('resolveAll' in field))
      return Promise.all(events.map((event) => answerOne(event, context)));
    const results = await field.resolveAll(opened.map(({ call }) => call));
    return results.map((result) => settle(result, first.field, context));
  } catch (error) {
    return events.map(() => refuse(error, first.field, context));
  }
}

/** @throws {Problem} when the caller may not have the field */
function open({ field: name, args, source, identity }: FieldEvent, context: Context) {
  const field: Field | undefined = Object.hasOwn(fieldTable, name) ? fieldTable[name] : undefined;
  if (!field) throw new Error(`nothing resolves the field ${name}`);
  const caller = callerOf(identity);
  if (args.tenantId !== undefined && args.tenantId !== null && args.tenantId !== caller.tenantId) {
    throw new ForeignTenant();
  }
  requirePermission(caller, field.permission);
  const call: FieldCall = { caller, requestId: context.awsRequestId, args, source: source ?? {} };
  return { field, call };
}

/** The contract names this one error in capitals. */
class ForeignTenant extends Error {}

function settle(
  result: PromiseSettledResult<unknown> | undefined,
  field: string,
  context: Context,
): FieldAnswer {
  if (result?.status === 'fulfilled') return { data: result.value ?? null };
  return refuse(result?.reason, field, context);
}

function refuse(error: unknown, field: string, context: Context): FieldAnswer {
  const trace = traceId(context.awsRequestId);
  if (error instanceof ForeignTenant) {
    const message = 'The tenantId is not that of the credentials';
    return { error: { message, type: 'FORBIDDEN', info: { code: 'forbidden', traceId: trace } } };
  }
  if (error instanceof Problem) {
    const { type: _type, title: _title, status: _status, detail, ...info } = error.toDocument(trace);
    return { error: { message: String(detail), type: error.code, info } };
  }
  log().error('field failed', { field, traceId: trace, error: error as Error });
  const message = 'Something went wrong on our side; the trace id helps to find it';
  return { error: { message, type: 'internal', info: { code: 'internal', traceId: trace } } };
}
