import { beforeAll, describe, expect, test } from '@jest/globals';
import { routeTable } from '../../functions/route-table.ts';
import { type Api, callerOf, eventually } from './support/api.ts';

let api: Api;

beforeAll(async () => {
  api = await callerOf();
});

describe('/api/openapi.json', () => {
  test('describes every route and nothing else', async () => {
    const { body, status } = await api.call('GET', '/api/openapi.json', { token: null });
    expect(status).toBe(200);
    expect(body.openapi).toMatch(/^3\.1\./);
    const described = Object.entries(body.paths as Record<string, object>).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const routes = routeTable.map(({ method, path }) => `${method} ${path.replace('+}', '}')}`);
    expect(described.toSorted()).toEqual(routes.toSorted());
  });
});

describe('/api/docs/', () => {
  test('is a page with its scripts, for people without credentials', async () => {
    const start = await api.call('GET', '/api/docs', { token: null });
    expect(start.status).toBe(302);
    const page = await api.call('GET', '/api/docs/', { token: null });
    expect(page).toMatchObject({ status: 200, text: expect.stringContaining('swagger-ui') });
    const script = await api.call('GET', '/api/docs/swagger-ui-bundle.js', { token: null });
    expect(script.status).toBe(200);
    expect(script.headers.get('content-type')).toContain('javascript');
    const errors = await api.call('GET', '/api/docs/errors', { token: null });
    expect(errors.text).toContain('lease_lost');
  });

  test('gives no other file away', async () => {
    for (const path of [
      'index.mjs',
      '..%2findex.mjs',
      '%2e%2e/index.mjs',
      '../../etc/passwd',
      'x/../../index.mjs',
    ]) {
      expect((await api.call('GET', `/api/docs/${path}`, { token: null })).status).toBe(404);
    }
  });
});

describe('/api/system', () => {
  test('health is public and shallow, and deep for admins', async () => {
    const shallow = await api.call('GET', '/api/system/health', { token: null });
    expect(shallow).toMatchObject({ status: 200, body: { status: 'healthy', checks: [] } });
    const viewer = await api.as('viewer');
    expect((await viewer.get('/api/system/health')).body.checks).toEqual([]);
    const deep = await api.get('/api/system/health');
    const names = deep.body.checks.map(({ name }: { name: string }) => name).join(' ');
    for (const part of ['crm', 'tasks', 'platform', 'views', 'runner']) expect(names).toContain(part);
    for (const check of deep.body.checks) expect(check.durationMs).toEqual(expect.any(Number));
  });

  test('metrics have requests, errors and latency by route', async () => {
    for (let at = 0; at < 5; at += 1) await api.get('/api/v1/companies');
    const metrics = await eventually(
      () => api.get('/api/system/metrics'),
      ({ body }) =>
        body.routes?.some(({ operation }: { operation: string }) => operation === 'listCompanies'),
      20_000,
    );
    const route = metrics.body.routes.find(
      ({ operation }: { operation: string }) => operation === 'listCompanies',
    );
    expect(route.requests).toBeGreaterThanOrEqual(5);
    expect(route).toMatchObject({
      method: 'GET',
      path: '/api/v1/companies',
      p50: expect.any(Number),
      p99: expect.any(Number),
    });
    expect(metrics.body.total.requests).toBeGreaterThanOrEqual(route.requests);
    expect(metrics.body.queues.map(({ name }: { name: string }) => name)).toContain('runner');
    expect(metrics.body).toHaveProperty('streamLagMs');
  });

  test('alerts are all the alarms of the stack', async () => {
    const { alerts } = (await api.get('/api/system/alerts')).body;
    expect(alerts.length).toBeGreaterThan(20);
    const names = alerts.map(({ name }: { name: string }) => name);
    for (const name of ['runner-dlq-depth', 'changes-dlq-depth', 'crm-errors']) expect(names).toContain(name);
    for (const alert of alerts) {
      expect(alert).toMatchObject({
        name: expect.any(String),
        state: expect.stringMatching(/^(OK|ALARM|INSUFFICIENT_DATA)$/),
      });
    }
  });

  test('me says who the caller is', async () => {
    expect((await api.get('/api/v1/me')).body).toMatchObject({ tenantId: api.tenantId, role: 'owner' });
  });
});
