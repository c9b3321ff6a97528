import { connect } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { AwsError } from '../../local/types.ts';
import { type FrontOptions, fakeLambda, type Handler, startFront } from '../support/local-front.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function start(handler: Handler, options: Partial<FrontOptions> & { authorize?: Handler } = {}) {
  const front = await startFront({
    lambda: fakeLambda({ subject: handler, authorizer: options.authorize ?? (() => null) }),
    routes: { 'ANY /echo': {}, 'ANY /echo/{id}': {}, $default: {} },
    ...options,
  });
  stops.push(() => front.service.stop?.() ?? Promise.resolve());
  return front;
}

const echo: Handler = (event) => event;

describe('the event of an integration', () => {
  test('has the shape of payload format 2.0', async () => {
    const { url, apiId } = await start(echo);

    const response = await fetch(`${url}/echo/a%20b?x=1&x=2&y=%C3%A9+z&empty`, {
      headers: { 'X-Custom': 'Kept', cookie: 'a=1; b=2', 'user-agent': 'test' },
    });
    const event = (await response.json()) as { headers: object };

    expect(event).toMatchObject({
      version: '2.0',
      routeKey: 'ANY /echo/{id}',
      rawPath: '/echo/a b',
      rawQueryString: 'x=1&x=2&y=%C3%A9+z&empty',
      cookies: ['a=1', 'b=2'],
      queryStringParameters: { x: '1,2', y: 'é z', empty: '' },
      pathParameters: { id: 'a b' },
      isBase64Encoded: false,
      headers: {
        'x-custom': 'Kept',
        host: `${apiId}.execute-api.eu-central-1.amazonaws.com`,
        'x-forwarded-proto': 'https',
        'content-length': '0',
        'x-amzn-trace-id': expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/),
      },
      requestContext: {
        accountId: '123456789012',
        apiId,
        domainName: `${apiId}.execute-api.eu-central-1.amazonaws.com`,
        domainPrefix: apiId,
        http: {
          method: 'GET',
          path: '/echo/a b',
          protocol: 'HTTP/1.1',
          sourceIp: '127.0.0.1',
          userAgent: 'test',
        },
        requestId: response.headers.get('apigw-requestid'),
        routeKey: 'ANY /echo/{id}',
        stage: '$default',
        time: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
        timeEpoch: expect.any(Number),
      },
    });
    for (const absent of ['body', 'stageVariables', 'authorizer']) expect(event).not.toHaveProperty(absent);
    expect(event.headers).not.toHaveProperty('cookie');
    expect(event.headers).not.toHaveProperty('connection');
  });

  test.each([
    ['application/json', '{"é":1}', '{"é":1}', false],
    ['application/json; charset=utf-8', '[]', '[]', false],
    ['text/csv', 'a,b', 'a,b', false],
    ['application/merge-patch+json', '{}', 'e30=', true],
    ['application/x-www-form-urlencoded', 'a=1', 'YT0x', true],
    ['application/octet-stream', '\u0000', 'AA==', true],
  ])('a body of type %s', async (type, sent, body, isBase64Encoded) => {
    const { url } = await start(echo);

    const response = await fetch(`${url}/echo`, {
      method: 'POST',
      body: sent,
      headers: { 'content-type': type },
    });

    expect(await response.json()).toMatchObject({ body, isBase64Encoded });
  });

  test('headers that come twice are joined by a comma, also those that Node would drop', async () => {
    const { url } = await start(echo);

    const answer = await raw(
      url,
      'GET /echo HTTP/1.1\r\nhost: x\r\nX-A: 1\r\nx-a: 2\r\nuser-agent: a\r\nuser-agent: b\r\nconnection: close\r\n\r\n',
    );

    expect(JSON.parse(answer.body).headers).toMatchObject({ 'x-a': '1,2', 'user-agent': 'a,b' });
  });

  test('the caller’s trace goes on', async () => {
    const seen: unknown[] = [];
    const { url } = await start((_event, options) => {
      seen.push(options.traceHeader);
      return {};
    });
    const trace = 'Root=1-67890abc-0123456789abcdef01234567';

    await fetch(`${url}/echo`, { headers: { 'x-amzn-trace-id': `Self=1-2-3;${trace};Sampled=0` } });

    expect(seen).toEqual([trace]);
  });
});

describe('the answer of a function', () => {
  test.each([
    ['an object without statusCode', { hello: 1 }, 200, 'application/json', '{"hello":1}'],
    ['a string', 'plain', 200, 'application/json', 'plain'],
    ['nothing', undefined, 200, 'application/json', 'null'],
    ['a body without type', { statusCode: 201, body: 'x' }, 201, 'text/plain;charset=UTF-8', 'x'],
    ['no body', { statusCode: 202 }, 202, null, ''],
    [
      'base64',
      { statusCode: 200, body: 'aMOp', isBase64Encoded: true },
      200,
      'text/plain;charset=UTF-8',
      'hé',
    ],
    ['a status as text', { statusCode: '404', body: '' }, 404, null, ''],
  ])('%s', async (_what, answer, status, type, body) => {
    const { url } = await start(() => answer);

    const response = await fetch(`${url}/echo`);

    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe(type);
    expect(await response.text()).toBe(body);
  });

  test('headers and cookies arrive as they are', async () => {
    const { url } = await start(() => ({
      statusCode: 200,
      headers: { ETag: '"v1"', 'X-N': 5, 'Content-Length': '99', Connection: 'close', 'x-none': null },
      cookies: ['a=1; Path=/', 'b=2'],
      body: 'ok',
    }));

    const response = await fetch(`${url}/echo`);

    expect(response.headers.get('etag')).toBe('"v1"');
    expect(response.headers.get('x-n')).toBe('5');
    expect(response.headers.getSetCookie()).toEqual(['a=1; Path=/', 'b=2']);
    expect(response.headers.get('content-length')).toBe('2');
  });

  test.each([
    ['a body that is no string', { statusCode: 200, body: { a: 1 } }],
    ['a status that is none', { statusCode: 'many' }],
    ['a header with an object', { statusCode: 200, headers: { a: {} } }],
    ['an exception', new Error('broken')],
  ])('%s is a 500 problem that shows nothing of it', async (_what, answer) => {
    const { url } = await start(() => {
      if (answer instanceof Error) throw answer;
      return answer;
    });

    const response = await fetch(`${url}/echo`);

    expect(response.status).toBe(500);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toEqual({
      type: '/api/docs/errors#internal',
      title: expect.any(String),
      status: 500,
      detail: expect.not.stringContaining('broken'),
      code: 'internal',
      traceId: expect.stringMatching(/^1-[0-9a-f]{8}-[0-9a-f]{24}$/),
    });
  });

  test('a header that HTTP does not allow is a 500 and not the end of the runtime', async () => {
    const { url } = await start(() => ({ statusCode: 200, headers: { 'x-a': 'one\r\ntwo' }, body: '' }));

    expect((await fetch(`${url}/echo`)).status).toBe(500);
    expect((await fetch(`${url}/echo`)).status).toBe(500);
  });
});

describe('the authorizer', () => {
  const authorized = { routes: { 'GET /mine': { authorized: true }, 'GET /other': { authorized: true } } };
  const bearer = (token: string) => ({ headers: { authorization: token } });

  test('its context reaches the function, and it is asked once per identity for all routes', async () => {
    const asked: { identitySource: string[]; type: string; routeArn: string }[] = [];
    const { url, service, apiId } = await start(echo, {
      ...authorized,
      authorize: (event) => {
        asked.push(event);
        return { isAuthorized: true, context: { tenantId: 't1', level: 3 } };
      },
    });

    const first = (await (await fetch(`${url}/mine`, bearer('one'))).json()) as { requestContext: object };
    await fetch(`${url}/other`, bearer('one'));
    await fetch(`${url}/mine`, bearer('two'));

    expect(first.requestContext).toMatchObject({ authorizer: { lambda: { tenantId: 't1', level: 3 } } });
    expect(asked.map(({ identitySource }) => identitySource)).toEqual([['one'], ['two']]);
    expect(asked[0]).toMatchObject({
      version: '2.0',
      type: 'REQUEST',
      routeKey: 'GET /mine',
      routeArn: `arn:aws:execute-api:eu-central-1:123456789012:${apiId}/$default/GET/mine`,
    });
    expect(service.authorizerCache()).toEqual({ hits: 1, misses: 2 });
  });

  test.each([
    ['nothing to identify by', undefined, () => ({ isAuthorized: true }), 401, 'unauthenticated'],
    ['a refusal', 'x', () => ({ isAuthorized: false }), 403, 'forbidden'],
    ['an answer that is none', 'x', () => ({}), 500, 'internal'],
  ])('%s ends the request', async (_what, token, authorize, status, code) => {
    let calls = 0;
    const { url } = await start(
      () => {
        calls += 1;
      },
      { ...authorized, authorize },
    );

    const response = await fetch(`${url}/mine`, token ? bearer(token) : {});

    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code });
    expect(calls).toBe(0);
  });

  test('a failure is not kept, a refusal is', async () => {
    let asked = 0;
    const { url } = await start(echo, {
      ...authorized,
      authorize: () => {
        asked += 1;
        if (asked === 1) throw new Error('cold');
        return { isAuthorized: asked > 2 };
      },
    });
    const status = async () => (await fetch(`${url}/mine`, bearer('same'))).status;

    expect([await status(), await status(), await status()]).toEqual([500, 403, 403]);
  });

  test('with a TTL of 0 it is asked each time; callers at the same time share one answer otherwise', async () => {
    let asked = 0;
    const authorize = async () => {
      asked += 1;
      await new Promise((resolve) => setTimeout(resolve, 30));
      return { isAuthorized: true };
    };
    const uncached = await start(echo, {
      ...authorized,
      authorize,
      authorizer: { AuthorizerResultTtlInSeconds: 0 },
    });
    const cached = await start(echo, { ...authorized, authorize });

    await Promise.all([1, 2, 3].map(() => fetch(`${uncached.url}/mine`, bearer('a'))));
    expect(asked).toBe(3);
    await Promise.all([1, 2, 3].map(() => fetch(`${cached.url}/mine`, bearer('a'))));
    expect(asked).toBe(4);
  });
});

describe('refusals of the gateway', () => {
  test('no route: 404', async () => {
    const { url } = await start(echo, { routes: { 'GET /a': {} } });

    const response = await fetch(`${url}/b`);

    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ code: 'not_found', detail: 'No route GET /b' });
  });

  test('a function that never answers: 504 after the integration’s time', async () => {
    const { url } = await start(() => new Promise(() => {}), {
      routes: { 'GET /slow': { timeoutMilliseconds: 100 } },
    });

    const response = await fetch(`${url}/slow`);

    expect(response.status).toBe(504);
    expect(await response.json()).toMatchObject({ code: 'unavailable', status: 504 });
  });

  test.each([
    ['TooManyRequestsException', 503, 'unavailable'],
    ['RequestTooLargeException', 413, 'payload_too_large'],
    ['AccessDeniedException', 500, 'internal'],
  ])('Lambda’s %s: %i', async (error, status, code) => {
    const { url } = await start(() => {
      throw new AwsError(error, 'no');
    });

    const response = await fetch(`${url}/echo`);

    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code });
  });

  test('a stage that is called too often: 429 with Retry-After', async () => {
    const { url } = await start(echo, {
      stage: { DefaultRouteSettings: { ThrottlingRateLimit: 1, ThrottlingBurstLimit: 2 } },
    });

    const answers = await Promise.all([1, 2, 3, 4].map(() => fetch(`${url}/echo`)));

    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 429, 429]);
    expect(answers.find(({ status }) => status === 429)?.headers.get('retry-after')).toBe('1');
  });

  test('more than 10 KB of headers: 431', async () => {
    const { url } = await start(echo);
    expect((await fetch(`${url}/echo`, { headers: { 'x-large': 'x'.repeat(11_000) } })).status).toBe(431);
  });

  test('a body above 10 MB: 413, with and without a length', async () => {
    const { url } = await start(echo);
    const body = new Uint8Array(11 * 1024 * 1024);

    const announced = await fetch(`${url}/echo`, { method: 'POST', body });
    const chunked = await fetch(`${url}/echo`, {
      method: 'POST',
      body: new ReadableStream({
        start(controller) {
          controller.enqueue(body);
          controller.close();
        },
      }),
      duplex: 'half',
    } as RequestInit);

    expect([announced.status, chunked.status]).toEqual([413, 413]);
    expect(await announced.json()).toMatchObject({ code: 'payload_too_large' });
  });

  test('a missing permission fails the start and names the route', async () => {
    const front = startFront({ lambda: fakeLambda({}, false), routes: { 'GET /a': {} }, authorizer: {} });
    await expect(front).rejects.toThrow(/no AWS::Lambda::Permission lets apigateway.amazonaws.com invoke/);
  });
});

describe('CORS', () => {
  const cors = {
    api: {
      CorsConfiguration: {
        AllowOrigins: ['https://app.example'],
        AllowMethods: ['GET', 'POST'],
        AllowHeaders: ['authorization'],
        ExposeHeaders: ['etag'],
        MaxAge: 600,
      },
    },
  };

  test('a preflight request is answered without route or authorizer', async () => {
    const { url } = await start(echo, { ...cors, routes: { 'GET /mine': { authorized: true } } });

    const response = await fetch(`${url}/mine`, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-method': 'GET' },
    });

    expect(response.status).toBe(204);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'access-control-allow-origin': 'https://app.example',
      'access-control-allow-methods': 'GET,POST',
      'access-control-allow-headers': 'authorization',
      'access-control-max-age': '600',
    });
  });

  test('answers and problems carry the headers, for origins that are allowed', async () => {
    const { url } = await start(echo, { ...cors, routes: { 'GET /a': {} } });
    const get = (path: string, origin: string) => fetch(url + path, { headers: { origin } });

    const allowed = await get('/a', 'https://app.example');
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://app.example');
    expect(allowed.headers.get('access-control-expose-headers')).toBe('etag');
    expect((await get('/none', 'https://app.example')).headers.has('access-control-allow-origin')).toBe(true);
    expect((await get('/a', 'https://other.example')).headers.has('access-control-allow-origin')).toBe(false);
  });
});

describe('what is measured', () => {
  test('each request counts in every set of dimensions, with zeros for a rate', async () => {
    const { url, metrics, apiId } = await start(() => ({ statusCode: 404 }), {
      stage: { DefaultRouteSettings: { DetailedMetricsEnabled: true } },
    });

    await fetch(`${url}/echo/5`);

    const of = (name: string) => metrics.filter((metric) => metric.name === name);
    expect(of('Count').map(({ dimensions }) => dimensions)).toEqual([
      { ApiId: apiId },
      { ApiId: apiId, Stage: '$default' },
      { ApiId: apiId, Stage: '$default', Method: 'ANY', Resource: '/echo/{id}' },
    ]);
    expect(of('4xx').map(({ value }) => value)).toEqual([1, 1, 1]);
    expect(of('5xx').map(({ value }) => value)).toEqual([0, 0, 0]);
    expect(of('Latency')).toHaveLength(3);
    expect(of('IntegrationLatency')[0]?.value).toBeGreaterThanOrEqual(0);
  });
});

describe('clients that misbehave', () => {
  test.each([
    ['no HTTP at all', '\u0000\u0001nonsense\r\n\r\n', 400],
    ['an unknown method', 'FETCH / HTTP/1.1\r\nhost: x\r\n\r\n', 400],
    ['a header without a colon', 'GET / HTTP/1.1\r\nhost x\r\n\r\n', 400],
    ['a path that is not ASCII', 'GET /é HTTP/1.1\r\nhost: x\r\n\r\n', 400],
    ['two lengths', 'POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\na', 400],
    ['40 KB of headers', `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`, 431],
  ])('%s: the connection ends with %i and the front lives', async (_what, text, status) => {
    const { url } = await start(echo);

    expect((await raw(url, text)).status).toBe(status);
    expect((await fetch(`${url}/echo`)).status).toBe(200);
  });

  test.each(['/echo/%ff%fe', '/echo/%zz', '/echo/%00', '*', 'http://elsewhere/echo'])(
    'the target %s is answered',
    async (target) => {
      const { url } = await start(echo);
      const request = `GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`;
      expect((await raw(url, request)).status).toBe(200);
    },
  );

  test('one that goes away in the middle of its body costs nothing', async () => {
    let calls = 0;
    const { url } = await start(() => {
      calls += 1;
    });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write('POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf');
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));

    expect(calls).toBe(0);
    expect((await fetch(`${url}/echo`)).status).toBe(200);
  });

  test('one that goes away before its answer lets the function finish', async () => {
    let finished = false;
    const { url } = await start(async () => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      finished = true;
    });
    const aborted = fetch(`${url}/echo`, { signal: AbortSignal.timeout(30) });

    await expect(aborted).rejects.toThrow();
    await new Promise((resolve) => setTimeout(resolve, 150));

    expect(finished).toBe(true);
    expect((await fetch(`${url}/echo`)).status).toBe(200);
  });
});

/** Sends bytes as they are and reads the answer until the connection ends. */
async function raw(url: string, text: string): Promise<{ status: number; body: string }> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(text);
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  const [head = '', ...body] = answer.split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), body: body.join('\r\n\r\n') };
}
