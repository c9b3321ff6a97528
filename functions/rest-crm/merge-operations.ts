import { duplicatesOf, listDuplicates } from '../crm/duplicates/find-duplicates.ts';
import { getMerge, listMerges } from '../crm/merge/find-merges.ts';
import { mergeContacts, undoMerge } from '../crm/merge/merge-contacts.ts';
import type { MergeInput } from '../crm/merge/merge-input.ts';
import { movingTime } from '../crm/merge/moving-time.ts';
import type { MergeResult } from '../crm/merge/plan-merge.ts';
import type { RestRequest } from '../shared/http/request.ts';
import { json, type RestResponse, toStored } from '../shared/http/response.ts';
import type { Operation } from '../shared/http/rest-handler.ts';
import { carryOutOnce, replaceAnswer } from '../shared/idempotency.ts';
import type { PlannedWrite } from '../shared/write-plan.ts';

/** Finding duplicates, merging them, and taking that back. */
export const mergeOperations: Record<string, Operation> = {
  listContactDuplicates: async (request) => json(200, await listDuplicates(request.query, request)),
  listDuplicatesOfContact: async (request) =>
    json(200, await duplicatesOf(request.path.id ?? '', request.query, request)),
  mergeContacts: (request: RestRequest<MergeInput>) =>
    answered(request, (commit, isOver) =>
      mergeContacts(request.body, request, commit, isOver, request.ifMatch),
    ),
  undoContactMerge: (request) =>
    answered(request, (commit, isOver) => undoMerge(request.path.id ?? '', request, commit, isOver)),
  getContactMerge: async (request) => json(200, await getMerge(request.path.id ?? '', request)),
  listContactMerges: async (request) => json(200, await listMerges(request.query, request)),
};

type Commit = (writes: PlannedWrite[], result: MergeResult) => Promise<void>;

/** Carries the act out under the request's idempotency key, which in the end keeps how it has ended. */
async function answered(
  request: RestRequest,
  act: (commit: Commit, isOver: () => boolean) => Promise<MergeResult>,
): Promise<RestResponse> {
  const isOver = movingTime();
  const result = await act(
    (writes, planned) => carryOutOnce(writes, request.idempotency, toStored(json(200, planned))),
    isOver,
  );
  const response = json(200, result);
  await replaceAnswer(request.idempotency, toStored(response));
  return response;
}
