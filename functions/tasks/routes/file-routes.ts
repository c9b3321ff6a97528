import type { Route } from '../../shared/route.ts';
import { exportInput } from '../exports/export-input.ts';
import { fileInput, fileOutput, uploadOutput } from '../imports/files-schema.ts';
import { importInput } from '../imports/import-input.ts';
import { theTask } from './common.ts';

/** Files are about records, so the function that serves these is the one that knows records. */
const common = { function: 'crm' } as const;

export const fileRoutes: Route[] = [
  {
    ...common,
    operation: 'createFile',
    method: 'POST',
    path: '/api/v1/files',
    permission: 'records:write',
    tag: 'files',
    summary: 'Get a URL to upload a file to; the file is kept for 30 days',
    body: fileInput,
    repeating: 'Repeating it gives a URL for another file; nothing is kept until a file is uploaded.',
    responses: { 201: { description: 'Where and how to upload', schema: uploadOutput } },
  },
  {
    ...common,
    operation: 'getFile',
    method: 'GET',
    path: '/api/v1/files/{fileKey+}',
    permission: 'records:read',
    tag: 'files',
    summary: 'Get a URL to download a file from',
    responses: { 200: { description: 'Where to download', schema: fileOutput } },
  },
  {
    ...common,
    operation: 'createImport',
    method: 'POST',
    path: '/api/v1/imports',
    permission: 'records:write',
    tag: 'imports',
    summary: 'Import records from an uploaded CSV or NDJSON file; the answer is the task that does it',
    body: importInput,
    responses: { 201: theTask },
  },
  {
    ...common,
    operation: 'createExport',
    method: 'POST',
    path: '/api/v1/exports',
    permission: 'records:read',
    tag: 'exports',
    summary: 'Export records into a CSV or NDJSON file; the answer is the task that does it',
    body: exportInput,
    responses: { 201: theTask },
  },
];
