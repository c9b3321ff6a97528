import type { Route } from '../../shared/route.ts';
import { scoreOutput } from '../contacts/explain-score.ts';
import { settingsOutput, settingsPatch } from './settings.ts';

const found = { description: 'The settings', schema: settingsOutput };

export const settingsRoutes: Route[] = [
  {
    operation: 'getSettings',
    method: 'GET',
    path: '/api/v1/settings',
    function: 'crm',
    permission: 'settings:read',
    tag: 'settings',
    summary: "The tenant's settings: currency, assignment of owners, weights of the lead score",
    responses: { 200: found, 304: { description: 'Not changed' } },
  },
  {
    operation: 'updateSettings',
    method: 'PATCH',
    path: '/api/v1/settings',
    function: 'crm',
    permission: 'settings:write',
    tag: 'settings',
    summary: 'Change settings by a JSON merge patch; everybody goes by them within 30 seconds',
    body: settingsPatch,
    conditional: true,
    responses: { 200: found },
  },
  {
    operation: 'getContactScore',
    method: 'GET',
    path: '/api/v1/contacts/{id}/score',
    function: 'crm',
    permission: 'records:read',
    tag: 'contacts',
    summary: 'Why a contact has its score',
    responses: { 200: { description: 'The score and its parts', schema: scoreOutput } },
  },
];
