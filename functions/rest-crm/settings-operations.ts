import { explainScore } from '../crm/contacts/explain-score.ts';
import { readSettings } from '../crm/settings/find-settings.ts';
import { patchSettings } from '../crm/settings/patch-settings.ts';
import { currentRecord, json, record } from '../shared/http/response.ts';
import type { Operation } from '../shared/http/rest-handler.ts';

export const settingsOperations: Record<string, Operation> = {
  getSettings: async (request) => currentRecord(request, await readSettings(request.caller.tenantId)),
  updateSettings: async (request) => record(200, await patchSettings(request.body, request, request.ifMatch)),
  getContactScore: async (request) => json(200, await explainScore(request.path.id ?? '', request)),
};
