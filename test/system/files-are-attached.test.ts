import { beforeAll, describe, expect, test } from '@jest/globals';
import { type Api, callerOf } from './support/api.ts';

let api: Api;
let about: { type: string; id: string };

const pdf = '%PDF-1.7 sample';
const facts = (more: object = {}) => ({
  about,
  name: 'Offer №1 "final".pdf',
  contentType: 'application/pdf',
  sizeBytes: pdf.length,
  ...more,
});
const attach = async (more: object = {}) => {
  const answer = await api.post('/api/v1/attachments', facts(more));
  expect(answer).toMatchObject({ status: 201 });
  return answer.body;
};
const upload = ({ upload: { method, uploadUrl, headers } }: Awaited<ReturnType<typeof attach>>, body = pdf) =>
  fetch(uploadUrl, { method, headers: { ...headers, 'content-length': String(body.length) }, body });
const listed = async (query = '') => {
  const answer = await api.get(`/api/v1/attachments?about=${about.type}:${about.id}${query}`);
  expect(answer).toMatchObject({ status: 200 });
  return answer.body;
};

beforeAll(async () => {
  api = await callerOf();
  about = { type: 'contact', id: (await api.post('/api/v1/contacts', { name: 'Ada' })).body.id };
});

describe('an attachment', () => {
  test('is uploaded to one URL and downloaded from another, always to be saved', async () => {
    const made = await attach();
    expect(made).toMatchObject({
      ...facts(),
      status: 'pending',
      version: 1,
      createdBy: `owner-${api.tenantId}`,
    });
    const signed = new URL(made.upload.uploadUrl).searchParams.get('X-Amz-SignedHeaders')?.split(';');
    expect(signed).toEqual(expect.arrayContaining(['content-length', 'content-type', 'content-disposition']));
    const path = `/api/v1/attachments/${made.id}`;
    expect((await api.get(path)).body).toMatchObject({ status: 'pending', download: null });
    expect((await upload(made)).status).toBe(200);
    const { body } = await api.get(path);
    expect(body).toMatchObject({ id: made.id, status: 'stored', sizeBytes: pdf.length });
    const file = await fetch(body.download.downloadUrl);
    expect(await file.text()).toBe(pdf);
    expect(file.headers.get('content-type')).toBe('application/pdf');
    expect(file.headers.get('content-disposition')).toBe(
      `attachment; filename="Offer _1 _final_.pdf"; filename*=UTF-8''Offer%20%E2%84%961%20%22final%22.pdf`,
    );
  });

  test('stays pending with a file of another size', async () => {
    const made = await attach();
    await upload(made, `${pdf} and more`);
    expect((await api.get(`/api/v1/attachments/${made.id}`)).body.status).toBe('pending');
    await api.del(`/api/v1/attachments/${made.id}`);
  });

  test('is deleted with its file', async () => {
    const made = await attach();
    await upload(made);
    const path = `/api/v1/attachments/${made.id}`;
    const { downloadUrl } = (await api.get(path)).body.download;
    expect((await api.del(path)).status).toBe(204);
    expect((await api.get(path)).status).toBe(404);
    expect((await api.del(path)).status).toBe(404);
    expect((await fetch(downloadUrl)).status).toBe(404);
    expect((await listed()).data.map(({ id }: { id: string }) => id)).not.toContain(made.id);
  });

  test.each([
    [{ contentType: 'text/html' }, '/contentType'],
    [{ contentType: 'image/svg+xml' }, '/contentType'],
    [{ contentType: 'application/x-msdownload' }, '/contentType'],
    [{ name: 'offer.pdf.exe' }, '/name'],
    [{ name: 'page.HTML' }, '/name'],
    [{ name: '../../etc/passwd' }, '/name'],
    [{ name: '..' }, '/name'],
    [{ sizeBytes: 0 }, '/sizeBytes'],
    [{ sizeBytes: 25 * 1024 * 1024 + 1 }, '/sizeBytes'],
    [{ about: { type: 'pipeline', id: `pipe_${'0'.repeat(26)}` } }, '/about/type'],
    [{ about: { type: 'contact', id: `con_${'0'.repeat(26)}` } }, '/about/id'],
    [{ about: { type: 'contact', id: 'con_1' } }, '/about/id'],
  ])('with %j is refused', async (more, pointer) => {
    const answer = await api.post('/api/v1/attachments', facts(more));
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ pointer }] } });
  });

  test('is made once under an idempotency key', async () => {
    const headers = { 'idempotency-key': `attach-${api.tenantId}` };
    const [first, second] = [
      await api.post('/api/v1/attachments', facts(), headers),
      await api.post('/api/v1/attachments', facts(), headers),
    ];
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(second.body).toEqual(first.body);
    await api.del(`/api/v1/attachments/${first.body.id}`);
  });

  test('is for those who may see the record, and made by those who may change it', async () => {
    const made = await attach();
    const [viewer, stranger] = [await api.as('viewer'), await callerOf()];
    expect((await viewer.get(`/api/v1/attachments/${made.id}`)).status).toBe(200);
    expect((await viewer.post('/api/v1/attachments', facts())).status).toBe(403);
    expect((await viewer.del(`/api/v1/attachments/${made.id}`)).status).toBe(403);
    expect((await stranger.get(`/api/v1/attachments/${made.id}`)).status).toBe(404);
    expect((await stranger.post('/api/v1/attachments', facts())).status).toBe(422);
    expect((await stranger.get(`/api/v1/attachments?about=contact:${about.id}`)).body.data).toEqual([]);
    await api.del(`/api/v1/attachments/${made.id}`);
  });
});

describe('the attachments of a record', () => {
  test('are listed newest first, in pages, with what has become of them', async () => {
    const made = [
      await attach({ name: 'a.pdf' }),
      await attach({ name: 'b.pdf' }),
      await attach({ name: 'c.pdf' }),
    ];
    await upload(made[1]);
    const first = await listed('&limit=2');
    expect(first.data).toMatchObject([
      { name: 'c.pdf', status: 'pending' },
      { name: 'b.pdf', status: 'stored' },
    ]);
    const second = await listed(`&limit=2&cursor=${encodeURIComponent(first.page.nextCursor)}`);
    expect(second.data[0]).toMatchObject({ name: 'a.pdf' });
    expect((await api.get('/api/v1/attachments')).status).toBe(422);
    expect((await api.get(`/api/v1/attachments?about=${about.id}`)).status).toBe(422);
  });

  test('outlive the deletion of the record', async () => {
    await api.del(`/api/v1/contacts/${about.id}`);
    expect((await listed()).data.length).toBeGreaterThan(0);
    expect((await api.post('/api/v1/attachments', facts())).status).toBe(422);
    await api.post(`/api/v1/contacts/${about.id}/restore`);
    expect((await listed()).data.length).toBeGreaterThan(0);
  });
});
