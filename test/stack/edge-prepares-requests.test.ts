import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { runInNewContext } from 'node:vm';
import { expect, test } from '@jest/globals';
import { maxBodyBytes } from '../../functions/shared/http/parse-request.ts';

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

test.each(['Bearer x.y.z', 'bearer  x.y.z', 'x.y.z'])(
  'AppSync gets the bare token of %p, the only form that it hands to its authorizer',
  (authorization) => {
    expect(atTheEdge('/api/graphql', { authorization }).headers.authorization).toEqual({ value: 'x.y.z' });
  },
);

test('a GraphQL request without credentials has none that could be taken for some', () => {
  expect(atTheEdge('/api/graphql', {}).headers.authorization).toEqual({ value: 'none' });
});

test('a body that no handler takes gets a 413 problem before it is sent on', () => {
  // Up to 1 MiB is served; a little above it the handler itself says how much was too much.
  const largest = 1.25 * maxBodyBytes;
  expect(atTheEdge('/api/v1/contacts', { 'content-length': String(largest) }).uri).toBe('/api/v1/contacts');
  const refused = atTheEdge('/api/v1/contacts', { 'content-length': String(largest + 1) });
  expect(refused.statusCode).toBe(413);
  expect(refused.headers['content-type']).toEqual({ value: 'application/problem+json' });
  expect(JSON.parse(refused.body)).toMatchObject({
    code: 'payload_too_large',
    status: 413,
    detail: 'The body is larger than the limit of 1 MiB',
    traceId: 'request-1',
  });
});

test('the function is small enough for CloudFront', () => {
  expect(script.length).toBeLessThan(10_240);
});
