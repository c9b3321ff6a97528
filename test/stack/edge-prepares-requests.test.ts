import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { runInNewContext } from 'node:vm';
import { expect, test } from '@jest/globals';

interface EdgeRequest {
  uri: string;
  headers: Record<string, { value: string }>;
}
interface EdgeResponse {
  statusCode: number;
  headers: Record<string, { value: string }>;
  body: string;
}

/** CloudFront runs the file as a script and calls its `handler`. */
const script = readFileSync(resolve(import.meta.dirname, '../../lib/edge-viewer-request.js'), 'utf8');
function atTheEdge(uri: string, headers: Record<string, string>): EdgeRequest & EdgeResponse {
  const event = {
    context: { requestId: 'request-1' },
    request: {
      uri,
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, { value }])),
    },
  };
  return runInNewContext(`${script}\nhandler(event)`, { event });
}

test('a request without credentials gets some that the authorizer refuses with a problem document', () => {
  expect(atTheEdge('/api/v1/contacts', {}).headers.authorization).toEqual({ value: 'none' });
});

test('credentials pass unchanged', () => {
  const { headers } = atTheEdge('/api/v1/contacts', { authorization: 'Bearer x' });
  expect(headers.authorization).toEqual({ value: 'Bearer x' });
});

test('GraphQL goes to the path that AppSync serves, everything else stays', () => {
  expect(atTheEdge('/api/graphql', {}).uri).toBe('/graphql');
  expect(atTheEdge('/api/graphql2', {}).uri).toBe('/api/graphql2');
});

test('a body above 6 MB gets a 413 problem before it is sent on', () => {
  const six = 6 * 1024 * 1024;
  expect(atTheEdge('/api/v1/contacts', { 'content-length': String(six) }).uri).toBe('/api/v1/contacts');
  const refused = atTheEdge('/api/v1/contacts', { 'content-length': String(six + 1) });
  expect(refused.statusCode).toBe(413);
  expect(refused.headers['content-type']).toEqual({ value: 'application/problem+json' });
  expect(JSON.parse(refused.body)).toMatchObject({
    code: 'payload_too_large',
    status: 413,
    traceId: 'request-1',
  });
});

test('the function is small enough for CloudFront', () => {
  expect(script.length).toBeLessThan(10_240);
});
