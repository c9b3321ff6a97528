import { expansionOf } from '../crm/expand-records.ts';
import { type BatchItemResult, runAtomicBatch, runBatch } from '../crm/records/batch.ts';
import { planCreate } from '../crm/records/create-record.ts';
import { planRestore } from '../crm/records/delete-record.ts';
import type { EntityDefinition } from '../crm/records/entity.ts';
import { getRemembered, listRecords, viewRecord } from '../crm/records/find-records.ts';
import { patchRecord } from '../crm/records/patch-record.ts';
import { deleteRecord } from '../crm/records/records.ts';
import { upsertRecord } from '../crm/records/upsert-record.ts';
import { operationNames, upsertOperation } from '../crm/routes.ts';
import { readHistory } from '../platform/history.ts';
import { readTimeline } from '../platform/timeline/read-timeline.ts';
import { etagOf } from '../shared/etag.ts';
import type { RestRequest } from '../shared/http/request.ts';
import {
  currentView,
  json,
  noContent,
  type RestResponse,
  record,
  toStored,
} from '../shared/http/response.ts';
import type { Operation } from '../shared/http/rest-handler.ts';
import { carryOutOnce } from '../shared/idempotency.ts';
import { traceId } from '../shared/logger.ts';
import { commitPlan } from './commit-plan.ts';

/** The REST operations that every entity has. */
export function entityOperations(definition: EntityDefinition): Record<string, Operation> {
  const names = operationNames(definition);
  const upserts = definition.unique.map(({ field }): [string, Operation] => [
    upsertOperation(definition, field),
    async (request) => {
      const { created, record: found } = await upsertRecord(
        definition,
        field,
        at(request, 'value'),
        request.body,
        request,
      );
      return record(created ? 201 : 200, found);
    },
  ]);
  return {
    [names.create]: (request) =>
      commitPlan(
        request,
        () => planCreate(definition, request.body, request),
        (created) => record(201, created, { location: `/api/v1/${definition.collection}/${created.id}` }),
      ),
    [names.get]: async (request) => {
      const { query } = request;
      const expansion = expansionOf(definition, query.expand, request);
      const view = await viewRecord(definition, at(request, 'id'), query, request, expansion);
      // What it refers to may have changed without a new version of its own.
      const answer = expansion
        ? json(200, view.shown, { etag: etagOf(view.version) })
        : currentView(request, view);
      return located(definition, request, view.id, answer);
    },
    [names.list]: async (request) => {
      const expansion = expansionOf(definition, request.query.expand, request);
      return json(200, await listRecords(definition, request.query, request, expansion));
    },
    [names.update]: async (request) => {
      const { body, ifMatch } = request;
      const patched = await patchRecord(definition, at(request, 'id'), body, request, ifMatch);
      return located(definition, request, patched.id, record(200, patched));
    },
    [names.remove]: async (request) => {
      await deleteRecord(definition, at(request, 'id'), request, request.ifMatch);
      return noContent();
    },
    [names.restore]: (request) =>
      commitPlan(
        request,
        () => planRestore(definition, at(request, 'id'), request, request.ifMatch),
        (restored) => record(200, restored),
      ),
    [names.batch]: (request) => batch(definition, request),
    [names.history]: async (request) => {
      await getRemembered(definition, at(request, 'id'), request);
      return json(200, await readHistory(request.caller.tenantId, at(request, 'id'), request.query));
    },
    [names.timeline]: async (request) => {
      const { id, mergedIds } = await getRemembered(definition, at(request, 'id'), request);
      const ids = [id, ...(Array.isArray(mergedIds) ? mergedIds : [])];
      return json(200, await readTimeline(request.caller.tenantId, ids, request.query));
    },
    ...Object.fromEntries(upserts),
  };
}

/** Says where the record of the answer is, when the one that was asked for has been merged into it. */
function located(
  { collection }: EntityDefinition,
  request: RestRequest,
  id: string,
  response: RestResponse,
): RestResponse {
  if (id === at(request, 'id')) return response;
  return { ...response, headers: { ...response.headers, 'content-location': `/api/v1/${collection}/${id}` } };
}

function at(request: RestRequest, name: string): string {
  return request.path[name] ?? '';
}

async function batch(
  definition: EntityDefinition,
  request: RestRequest<{ operations: Parameters<typeof runBatch>[1]; atomic: boolean }>,
): Promise<RestResponse> {
  const { operations, atomic } = request.body;
  if (!atomic) {
    const { results, replayed } = await runBatch(definition, operations, request, request.idempotency);
    return batchResponse(request, results, replayed ? { 'idempotent-replayed': 'true' } : {});
  }
  const results = await runAtomicBatch(definition, operations, request, (writes, done) =>
    carryOutOnce(writes, request.idempotency, toStored(batchResponse(request, done))),
  );
  return batchResponse(request, results);
}

function batchResponse(
  request: RestRequest,
  results: BatchItemResult[],
  headers: Record<string, string> = {},
) {
  const trace = traceId(request.requestId);
  const passed = results.every(({ status }) => status < 300);
  const body = results.map(({ problem, ...result }) =>
    problem ? { ...result, problem: problem.toDocument(trace) } : result,
  );
  return json(passed ? 200 : 207, { results: body }, headers);
}
