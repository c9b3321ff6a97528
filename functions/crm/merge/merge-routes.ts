import * as z from 'zod/mini';
import type { Route } from '../../shared/route.ts';
import { contact } from '../contacts/contact.ts';
import { mergeInput } from './merge-input.ts';
import { mergeOutput } from './merge-item.ts';

const common = { function: 'crm', tag: 'contacts' } as const;
const base = '/api/v1/contacts';
/** Not below contacts: `/contacts/merges/{id}` and `/contacts/{id}/history` would both match one path. */
const merges = '/api/v1/merges';
const page = z.object({ nextCursor: z.nullable(z.string()) });
const mergeResult = z.object({ merge: mergeOutput, contact: contact.output });

/** Merging contacts, and what was merged. */
export const mergeRoutes: Route[] = [
  {
    ...common,
    operation: 'mergeContacts',
    method: 'POST',
    path: `${base}/merge`,
    permission: 'records:write',
    summary: 'Merge up to 10 contacts into one; their ids lead to it from then on',
    body: mergeInput,
    conditional: true,
    responses: {
      200: { description: 'Merged; `running` while further references move', schema: mergeResult },
    },
  },
  {
    ...common,
    operation: 'listContactMerges',
    method: 'GET',
    path: merges,
    permission: 'records:read',
    summary: 'The merges of contacts, newest first',
    query: z.strictObject({ limit: z.optional(z.string()), cursor: z.optional(z.string()) }),
    responses: {
      200: { description: 'A page', schema: z.object({ data: z.array(mergeOutput), page }) },
    },
  },
  {
    ...common,
    operation: 'getContactMerge',
    method: 'GET',
    path: `${merges}/{id}`,
    permission: 'records:read',
    summary: 'Get a merge of contacts',
    responses: { 200: { description: 'The merge', schema: mergeOutput } },
  },
  {
    ...common,
    operation: 'undoContactMerge',
    method: 'POST',
    path: `${merges}/{id}/undo`,
    permission: 'records:write',
    summary: 'Undo a merge: the other contacts come back, with what referred to them',
    responses: {
      200: { description: 'Undone; `undoing` while further references move back', schema: mergeResult },
    },
  },
];
