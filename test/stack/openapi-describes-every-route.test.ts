import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { routeTable } from '../../functions/route-table.ts';
import { openApiPath } from '../../tools/openapi/operation.ts';
import { openApiDocument } from '../../tools/openapi.ts';

interface Operation {
  operationId: string;
  security?: unknown[];
  parameters: { name: string; in: string; required: boolean }[];
  requestBody?: unknown;
  responses: Record<string, { $ref?: string }>;
}
interface Document {
  openapi: string;
  info: { description: string };
  paths: Record<string, Record<string, Operation>>;
  components: {
    schemas: Record<string, { properties?: Record<string, unknown>; additionalProperties?: unknown }>;
  };
}

const document = openApiDocument(routeTable, '1.2.3') as unknown as Document;
const operation = (method: string, path: string): Operation => {
  const found = document.paths[path]?.[method];
  if (!found) throw new Error(`no ${method} ${path}`);
  return found;
};
const root = resolve(import.meta.dirname, '../..');

test('the linter finds nothing wrong', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-openapi-'));
  const file = join(directory, 'openapi.json');
  writeFileSync(file, JSON.stringify(document));
  const redocly = join(root, 'node_modules/@redocly/cli/bin/cli.js');
  // A redirect is a good answer here, though the linter would have every operation give a 2xx.
  const options = ['--extends=recommended', '--skip-rule=operation-2xx-response', '--format=json'];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [redocly, 'lint', ...options, file], {
      env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
    }).catch((error: { stdout: string }) => error);
    const { problems } = JSON.parse(stdout) as { problems: { message: string; location: unknown }[] };
    expect(problems.map(({ message, location }) => ({ message, location }))).toEqual([]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test('every route of the table is an operation and every operation is a route', () => {
  const documented = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(
      ([method, { operationId }]) => `${operationId} ${method.toUpperCase()} ${path}`,
    ),
  );
  const routes = routeTable.map(
    ({ operation, method, path }) => `${operation} ${method} ${openApiPath(path)}`,
  );
  expect(documented.sort()).toEqual(routes.sort());
});

describe('an operation', () => {
  test('has the parameters of its path, its query and its headers', () => {
    const names = ({ parameters }: Operation) =>
      parameters.map((parameter) => `${parameter.in}:${parameter.name}`);
    expect(names(operation('patch', '/api/v1/contacts/{id}'))).toEqual(['path:id', 'header:If-Match']);
    expect(names(operation('get', '/api/v1/contacts/{id}'))).toEqual([
      'path:id',
      'query:fields',
      'query:expand',
      'header:If-None-Match',
    ]);
    expect(names(operation('post', '/api/v1/contacts'))).toEqual(['header:Idempotency-Key']);
    expect(names(operation('get', '/api/v1/contacts'))).toEqual(
      expect.arrayContaining(['query:limit', 'query:cursor', 'query:createdAt[gte]']),
    );
    expect(names(operation('get', '/api/docs/{proxy}'))).toContain('path:proxy');
  });

  test('refers to named schemas, so that clients get named types', () => {
    expect(operation('post', '/api/v1/contacts').requestBody).toEqual({
      required: true,
      content: { 'application/json': { schema: { $ref: '#/components/schemas/ContactInput' } } },
    });
    expect(operation('get', '/api/v1/contacts/{id}').responses[200]).toMatchObject({
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Contact' } } },
    });
    expect(document.components.schemas.ContactsPage?.properties?.data).toEqual({
      type: 'array',
      items: { $ref: '#/components/schemas/Contact' },
    });
  });

  test('has the problems that its permission, path and body can lead to', () => {
    const statuses = ({ responses }: Operation) => Object.keys(responses).map(Number);
    expect(statuses(operation('get', '/api/system/health'))).not.toContain(401);
    expect(operation('get', '/api/system/health').security).toEqual([]);
    expect(statuses(operation('get', '/api/v1/me'))).toEqual([200, 400, 401, 429, 500, 503]);
    expect(statuses(operation('patch', '/api/v1/contacts/{id}'))).toEqual([
      200, 400, 401, 403, 404, 409, 412, 413, 422, 429, 500, 503,
    ]);
    expect(operation('get', '/api/v1/me').responses[401]).toEqual({
      $ref: '#/components/responses/Problem401',
    });
  });
});

test('what callers send is closed, what they get may gain members', () => {
  expect(document.components.schemas.ContactInput?.additionalProperties).toBe(false);
  expect(document.components.schemas.Contact?.additionalProperties).toBeUndefined();
});

test('says which errors are no problem documents', () => {
  expect(document.info.description).toContain('{"message": "…"}');
});
