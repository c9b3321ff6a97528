import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Answer, type Api, callerOf, eventually } from './support/api.ts';

let api: Api;
const names = ['=1+1', 'Müller & "Söhne", GmbH', 'two\nlines', "'quoted", '-5'];

beforeAll(async () => {
  api = await callerOf();
  await api.put('/api/v1/custom-fields/company/size', { type: 'integer', label: 'Size' });
  const operations = names.map((name, at) => ({
    op: 'create',
    data: {
      name,
      domain: `c${at}.example`,
      tags: ['a;b', 'c'],
      address: { city: 'Köln' },
      custom: { size: at },
    },
  }));
  const made = await api.post('/api/v1/companies/batch', { operations });
  expect([made.summary, made.status]).toEqual([made.summary, 200]);
});

async function finished(made: Answer): Promise<Answer> {
  expect([made.summary, made.status]).toEqual([made.summary, 201]);
  return eventually(
    () => api.get(`/api/v1/tasks/${made.body.id}`),
    ({ body }) => ['completed', 'dead'].includes(body.state),
    30_000,
  );
}

async function textOf(fileKey: string): Promise<string> {
  const { body } = await api.get(`/api/v1/files/${fileKey}`);
  return (await fetch(body.downloadUrl)).text();
}

describe('an export', () => {
  test('as CSV runs nothing in a spreadsheet, and imported again changes nothing', async () => {
    const done = await finished(await api.post('/api/v1/exports', { entity: 'companies' }));
    expect(done.body).toMatchObject({ type: 'records.export', state: 'completed', result: { rows: 5 } });
    const { fileKey, sizeBytes } = done.body.result;
    const text = await textOf(fileKey);
    expect(Buffer.byteLength(text)).toBe(sizeBytes);
    expect(text).toMatch(/^id,name,tags,custom\.size,.*address\.city/);
    expect(text).toContain(`"'=1+1"`);
    expect(text).not.toMatch(/(^|,)"?[=@]/m);

    const again = { entity: 'companies', fileKey, mode: 'upsert', matchBy: 'id' };
    const imported = await finished(await api.post('/api/v1/imports', again));
    expect(imported.body.result).toMatchObject({ rows: 5, unchanged: 5, failed: 0 });
  });

  test('as NDJSON has the fields and the records that were asked for', async () => {
    const done = await finished(
      await api.post('/api/v1/exports', {
        entity: 'companies',
        format: 'ndjson',
        filter: { 'name[prefix]': 'two' },
        fields: ['name', 'address.city', 'custom.size'],
      }),
    );
    const lines = (await textOf(done.body.result.fileKey)).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      { name: 'two\nlines', address: { city: 'Köln' }, custom: { size: 2 } },
    ]);
  });

  test.each([
    [{ filter: { stge: 'x' } }, '/filter/stge'],
    [{ filter: { 'createdAt[gte]': 'monday' } }, '/filter/createdAt[gte]'],
    [{ filter: { sort: 'name' } }, '/filter/sort'],
    [{ fields: ['name', 'nmae'] }, '/fields/1'],
    [{ entity: 'invoices' }, '/entity'],
  ])('of %j is refused', async (body, pointer) => {
    const answer = await api.post('/api/v1/exports', { entity: 'companies', ...body });
    expect([answer.summary, answer.status]).toEqual([answer.summary, 422]);
    expect(answer.body.errors).toMatchObject([{ pointer }]);
  });
});

test('who may read may export; a key of some task types or of a worker may neither export nor import', async () => {
  const viewer = await api.as('viewer');
  expect((await viewer.post('/api/v1/exports', { entity: 'contacts' })).status).toBe(201);
  expect((await viewer.post('/api/v1/imports', { entity: 'contacts', fileKey: 'x' })).status).toBe(403);
  for (const scope of [{ role: 'admin', taskTypes: ['mail.send'] }, { role: 'worker' }]) {
    const made = await api.post('/api/v1/api-keys', { name: 'some', ...scope });
    const key = await callerOf({ tenantId: api.tenantId, token: made.body.key });
    for (const [path, body] of [
      ['/api/v1/exports', { entity: 'contacts' }],
      ['/api/v1/imports', { entity: 'contacts', fileKey: 'imports/x/y.csv' }],
    ] as const) {
      const answer = await key.post(path, body);
      expect([answer.summary, answer.status]).toEqual([answer.summary, 403]);
    }
  }
});
