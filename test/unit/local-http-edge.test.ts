import { readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import { type FrontOptions, fakeLambda, type Handler, startFront } from '../support/local-front.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

const cachingDisabled = '4135ea2d-6df8-44a3-9df3-4b5a84be39ad';
const allViewerExceptHost = 'b689b0a8-53d0-40ab-baf2-68738e2966ac';
const methods = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'PATCH', 'POST', 'DELETE'];

const behavior = (FunctionARN: string) => ({
  TargetOriginId: 'rest',
  ViewerProtocolPolicy: 'https-only',
  AllowedMethods: methods,
  CachePolicyId: cachingDisabled,
  OriginRequestPolicyId: allViewerExceptHost,
  FunctionAssociations: [{ EventType: 'viewer-request', FunctionARN }],
});

/** The stack's distribution: everything to the API, the documentation with less forwarded. */
const distribution: FrontOptions['distribution'] = (DomainName, edge) => ({
  Enabled: true,
  Origins: [
    { Id: 'rest', DomainName },
    { Id: 'gone', DomainName: 'gone.example' },
  ],
  DefaultCacheBehavior: behavior(edge),
  CacheBehaviors: [
    {
      ...behavior(edge),
      PathPattern: '/docs/*',
      AllowedMethods: ['GET', 'HEAD'],
      OriginRequestPolicyId: undefined,
    },
    { ...behavior(edge), PathPattern: '/gone', TargetOriginId: 'gone' },
  ],
});

async function start(
  edgeCode?: string,
  handler: Handler = (event) => event,
  options: Partial<FrontOptions> = {},
) {
  const lambda = fakeLambda({ subject: handler });
  const front = await startFront({ lambda, routes: { $default: {} }, distribution, edgeCode, ...options });
  stops.push(() => front.service.stop?.() ?? Promise.resolve());
  return front;
}

async function seen(url: string, init?: RequestInit) {
  return (await (await fetch(url, init)).json()) as {
    rawPath: string;
    rawQueryString: string;
    headers: object;
  };
}

describe('behaviours', () => {
  test('the API sees itself as the host, and who called', async () => {
    const { url, apiId } = await start();

    const event = await seen(`${url}/a/b?x=1&y=%20&x=2`, { headers: { authorization: 'me', cookie: 'c=1' } });

    expect(event).toMatchObject({
      rawPath: '/a/b',
      rawQueryString: 'x=1&y=%20&x=2',
      cookies: ['c=1'],
      headers: {
        authorization: 'me',
        host: `${apiId}.execute-api.eu-central-1.amazonaws.com`,
        'x-forwarded-for': '127.0.0.1',
        via: expect.stringContaining('CloudFront'),
      },
    });
  });

  test('a path pattern with its own policies gets no query, cookies or headers beyond them', async () => {
    const { url } = await start();

    const event = await seen(`${url}/docs/index.html?x=1`, {
      headers: { authorization: 'me', cookie: 'c=1', 'if-none-match': '"v1"' },
    });

    expect(event).toMatchObject({ rawPath: '/docs/index.html', rawQueryString: '' });
    expect(event.headers).not.toHaveProperty('authorization');
    expect(event.headers).toHaveProperty('if-none-match', '"v1"');
    expect(event).not.toHaveProperty('cookies');
  });

  test('a method that the behaviour does not allow is a 403, an origin that is not there a 502', async () => {
    const { url } = await start();

    expect((await fetch(`${url}/docs/a`, { method: 'POST' })).status).toBe(403);
    expect((await fetch(`${url}/gone`)).status).toBe(502);
    expect((await fetch(`${url}/gone/not`)).status).toBe(200);
  });

  test('a GET with a body is a 403', async () => {
    const { url } = await start();
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    const sent = httpRequest(`${url}/a`, { method: 'GET', headers: { 'content-length': 4 } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.end('body');

    expect(await promise).toBe(403);
  });
});

describe('a viewer-request function', () => {
  test('may change path, query and headers', async () => {
    const { url } = await start(`function handler({ request }) {
      request.uri = '/changed' + request.uri;
      request.querystring.added = { value: request.querystring.list.multiValue.length + '' };
      request.headers['x-viewer'] = { value: request.headers['user-agent'].value };
      delete request.headers.authorization;
      return request;
    }`);

    const event = await seen(`${url}/a?list=1&list=2`, {
      headers: { authorization: 'me', 'user-agent': 'browser' },
    });

    expect(event).toMatchObject({ rawPath: '/changed/a', rawQueryString: 'list=1&list=2&added=2' });
    expect(event.headers).toMatchObject({ 'x-viewer': 'browser' });
    expect(event.headers).not.toHaveProperty('authorization');
  });

  test('may answer in place of the origin, also later', async () => {
    let calls = 0;
    const code = `async function handler({ viewer, context }) {
      return { statusCode: 302, headers: { location: { value: '/elsewhere' } },
        cookies: { seen: { value: '1' } }, body: { encoding: 'base64', data: 'aGk=' } };
    }`;
    const { url } = await start(code, () => {
      calls += 1;
    });

    const response = await fetch(`${url}/a`, { redirect: 'manual' });

    expect(response.status).toBe(302);
    expect(response.headers.get('location')).toBe('/elsewhere');
    expect(response.headers.getSetCookie()).toEqual(['seen=1']);
    expect(await response.text()).toBe('hi');
    expect(calls).toBe(0);
  });

  test.each([
    ['throws', 'function handler() { throw new Error("edge is broken"); }'],
    ['returns nothing', 'function handler() {}'],
    ['wants a module', 'function handler(e) { require("fs"); return e.request; }'],
    ['makes code of text', 'function handler(e) { eval("1"); return e.request; }'],
  ])('that %s is a 503, with the reason for the operator', async (_what, code) => {
    const { url, logged } = await start(code);

    const response = await fetch(`${url}/a`);

    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: 'unavailable' });
    expect(logged.join()).toMatch(/^edge: /);
  });

  test.each([
    ['function handler( {', 'Unexpected end of input'],
    ['const other = 1;', 'declares no function "handler"'],
  ])('with the code "%s" is refused at creation', async (code, message) => {
    await expect(start(code)).rejects.toThrow(message);
  });
});

test('a viewer-response function sees and changes what goes out', async () => {
  const code = `function handler(event) {
    if (event.context.eventType === 'viewer-request') return event.request;
    event.response.headers['x-frame-options'] = { value: 'DENY' };
    event.response.headers['x-was'] = { value: event.request.uri + ' ' + event.response.statusCode };
    return event.response;
  }`;
  const { url } = await start(code, () => ({ statusCode: 201, body: 'made' }), {
    distribution: (DomainName, FunctionARN) => ({
      Enabled: true,
      Origins: [{ Id: 'rest', DomainName }],
      DefaultCacheBehavior: {
        ...behavior(FunctionARN),
        FunctionAssociations: [
          { EventType: 'viewer-request', FunctionARN },
          { EventType: 'viewer-response', FunctionARN },
        ],
      },
    }),
  });

  const response = await fetch(`${url}/a`);

  expect(response.status).toBe(201);
  expect(response.headers.get('x-frame-options')).toBe('DENY');
  expect(response.headers.get('x-was')).toBe('/a 201');
  expect(await response.text()).toBe('made');
});

describe('the stack’s own viewer-request function', () => {
  const code = readFileSync(new URL('../../lib/edge-viewer-request.js', import.meta.url), 'utf8');

  test('puts an authorization where there is none, so that the authorizer decides', async () => {
    const { url } = await start(code);
    expect((await seen(`${url}/a`)).headers).toHaveProperty('authorization', 'none');
    const given = await seen(`${url}/a`, { headers: { authorization: 'Bearer x' } });
    expect(given.headers).toHaveProperty('authorization', 'Bearer x');
  });

  test('refuses a body that no handler takes before it is read', async () => {
    const { url } = await start(code);

    const response = await fetch(`${url}/a`, { method: 'POST', body: new Uint8Array(2 * 1024 * 1024) });

    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ code: 'payload_too_large', status: 413 });
  });
});
