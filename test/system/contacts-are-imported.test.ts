import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Answer, type Api, callerOf, eventually } from './support/api.ts';

let api: Api;

beforeAll(async () => {
  api = await callerOf();
});

async function upload(csv: string | Buffer): Promise<string> {
  const file = await api.post('/api/v1/files', { name: 'contacts.csv', contentType: 'text/csv' });
  expect(file).toMatchObject({ status: 201, body: { method: 'PUT' } });
  const put = await fetch(file.body.uploadUrl, {
    method: 'PUT',
    headers: file.body.headers,
    body: csv as string,
  });
  expect(put.status).toBe(200);
  return file.body.fileKey;
}

async function runImport(csv: string | Buffer, options: Record<string, unknown> = {}): Promise<Answer> {
  const fileKey = await upload(csv);
  const task = await api.post('/api/v1/imports', { entity: 'contacts', fileKey, ...options });
  expect(task).toMatchObject({ status: 201, body: { type: 'records.import' } });
  return eventually(
    () => api.get(`/api/v1/tasks/${task.body.id}`),
    ({ body }) => ['completed', 'dead'].includes(body.state),
    20_000,
  );
}

const find = async (query: string) => (await api.get(`/api/v1/contacts?${query}`)).body.data;

describe('an import', () => {
  test('makes contacts of rows, and a file of those that cannot be', async () => {
    const csv = [
      '\ufeffFull name;ignored,E-mail,City',
      '"Müller, Jürgen",jm@import.example,Köln',
      ',nobody@import.example,Nowhere',
      '"Quote ""Q"" Person",qp@import.example,"New\r\nLine"',
      'Bad Mail,not-an-address,X',
      'Twin,JM@import.example,Y',
    ].join('\r\n');
    const done = await runImport(csv, {
      mapping: { 'Full name;ignored': 'name', 'E-mail': 'email', City: 'address.city' },
    });
    expect(done.body).toMatchObject({ state: 'completed', result: { rows: 5, created: 2, failed: 3 } });
    expect(await find('email=jm@import.example')).toMatchObject([
      { name: 'Müller, Jürgen', address: { city: 'Köln' } },
    ]);
    expect(await find('email=qp@import.example')).toMatchObject([{ name: 'Quote "Q" Person' }]);

    const errors = await api.get(`/api/v1/files/${done.body.result.errorsFileKey}`);
    const file = await (await fetch(errors.body.downloadUrl)).text();
    expect(file).toMatch(/(^|\n)"?3\b/);
    expect(file).toContain('not-an-address');
    expect(file.trim().split('\n').length).toBeGreaterThanOrEqual(4);
  });

  test('as a dry run finds the errors and writes nothing', async () => {
    const done = await runImport('name,email\nDry,dry@import.example\n,bad\n', { dryRun: true });
    expect(done.body).toMatchObject({ state: 'completed', result: { rows: 2, failed: 1 } });
    expect(await find('email=dry@import.example')).toEqual([]);
  });

  test('in the mode upsert changes those that exist', async () => {
    await api.post('/api/v1/contacts', { name: 'Old name', email: 'up@import.example', notes: 'kept' });
    const done = await runImport('name,email\nNew name,up@import.example\nFresh,fresh@import.example\n', {
      mode: 'upsert',
    });
    expect(done.body.result).toMatchObject({ rows: 2, created: 1, updated: 1, failed: 0 });
    expect(await find('email=up@import.example')).toMatchObject([{ name: 'New name', notes: 'kept' }]);
  });

  test('of a file that is not there is refused', async () => {
    const answer = await api.post('/api/v1/imports', {
      entity: 'contacts',
      fileKey: 'imports/nobody/file_x/none.csv',
    });
    expect(answer.status).toBe(404);
  });

  test('shows its progress and its history on the task', async () => {
    const rows = Array.from({ length: 300 }, (_, at) => `Row ${at},row${at}@import.example`).join('\n');
    const done = await runImport(`name,email\n${rows}\n`);
    expect(done.body).toMatchObject({ state: 'completed', result: { rows: 300, created: 300, failed: 0 } });
    expect(done.body.progress).toMatchObject({ percent: 100 });
  });
});
