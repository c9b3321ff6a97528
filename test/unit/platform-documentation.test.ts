import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { documentedRoutes } from '../../functions/platform/docs/openapi-routes.ts';
import { swaggerUiFiles } from '../../functions/platform/docs/static-files.ts';
import { platformRoutes } from '../../functions/platform/routes.ts';
import { documentOperations } from '../../functions/rest-platform/document-operations.ts';
import { handler as platform } from '../../functions/rest-platform/handler.ts';
import { restHandler } from '../../functions/shared/http/rest-handler.ts';
import { problemCodes } from '../../functions/shared/problem.ts';
import { callRest } from '../support/rest-call.ts';

const directory = mkdtempSync(join(tmpdir(), 'tandem-docs-'));
const routes = platformRoutes.filter(({ tag }) => tag === 'docs');
let handler: ReturnType<typeof restHandler>;

beforeAll(() => {
  mkdirSync(join(directory, 'swagger-ui'));
  writeFileSync(join(directory, 'openapi.json'), '{"openapi":"3.1.0"}');
  writeFileSync(join(directory, 'secret.txt'), 'secret');
  const source = resolve(import.meta.dirname, '../../node_modules/swagger-ui-dist');
  for (const file of swaggerUiFiles) copyFileSync(join(source, file), join(directory, 'swagger-ui', file));
  handler = restHandler(routes, documentOperations(pathToFileURL(`${directory}/`)));
});

afterAll(() => rmSync(directory, { recursive: true }));

const page = (proxy: string, headers = {}) =>
  callRest(handler, { routeKey: 'GET /api/docs/{proxy+}', path: { proxy }, headers });

describe('the documentation', () => {
  test.each([
    ['index.html', 'text/html; charset=utf-8', '/api/docs/swagger-initializer.js'],
    ['swagger-initializer.js', 'text/javascript; charset=utf-8', '/api/openapi.json'],
    ['swagger-ui.css', 'text/css; charset=utf-8', '.swagger-ui'],
    ['swagger-ui-bundle.js', 'text/javascript; charset=utf-8', 'SwaggerUIBundle'],
    ['errors', 'text/html; charset=utf-8', 'RFC 9457'],
  ])('has %s as %s', async (name, contentType, text) => {
    const { status, headers, body } = await page(name);
    expect({ status, type: headers['content-type'] }).toEqual({ status: 200, type: contentType });
    expect(body).toContain(text);
    expect(headers['content-security-policy']).toContain("script-src 'self'");
  });

  test('has pictures as bytes', async () => {
    const { headers, body } = await page('favicon-16x16.png');
    expect(headers['content-type']).toBe('image/png');
    expect(Buffer.from(body, 'base64').subarray(1, 4).toString()).toBe('PNG');
  });

  test('answers 304 to who has the file already', async () => {
    const { headers } = await page('index.html');
    const again = await page('index.html', { 'if-none-match': headers.etag });
    expect({ status: again.status, body: again.body }).toEqual({ status: 304, body: undefined });
  });

  test.each([
    '../secret.txt',
    '..%2fsecret.txt',
    '/etc/passwd',
    'swagger-ui/../../secret.txt',
    'constructor',
    'x',
  ])('does not lead to %s', async (name) => {
    expect((await page(name)).status).toBe(404);
  });

  test('explains every error code under its anchor', async () => {
    const { body } = await page('errors');
    for (const code of Object.keys(problemCodes)) expect(body).toContain(`<tr id="${code}">`);
  });
});

test('the OpenAPI document has an entity tag and is asked for again each time', async () => {
  const first = await callRest(handler, { routeKey: 'GET /api/openapi.json' });
  expect(first).toMatchObject({ status: 200, body: { openapi: '3.1.0' } });
  expect(first.headers['cache-control']).toBe('no-cache');
  const headers = { 'if-none-match': String(first.headers.etag) };
  expect((await callRest(handler, { routeKey: 'GET /api/openapi.json', headers })).status).toBe(304);
});

test('/api/docs leads to the page', async () => {
  const { status, headers } = await callRest(handler, { routeKey: 'GET /api/docs' });
  expect({ status, location: headers.location }).toEqual({ status: 302, location: '/api/docs/index.html' });
});

test('/api/docs/ is the page, though no route matches it', async () => {
  const { status, body } = await callRest(platform, { routeKey: '$default', rawPath: '/api/docs/' });
  expect({ status, isPage: body.includes('swagger-ui') }).toEqual({ status: 200, isPage: true });
});

test('a path without a route is a 404 problem', async () => {
  const { status, headers, body } = await callRest(platform, {
    routeKey: '$default',
    rawPath: '/api/v1/nothing',
  });
  expect({ status, type: headers['content-type'], code: body.code }).toEqual({
    status: 404,
    type: 'application/problem+json',
    code: 'not_found',
  });
});

test('routes are read back from the OpenAPI document as API Gateway names them', () => {
  const paths = {
    '/api/docs/{proxy}': { get: { operationId: 'getDocs' } },
    '/x': { post: { operationId: 'makeX' } },
  };
  expect(documentedRoutes({ paths })).toEqual([
    { operation: 'getDocs', method: 'GET', path: '/api/docs/{proxy+}' },
    { operation: 'makeX', method: 'POST', path: '/x' },
  ]);
});
