import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Context, SQSEvent } from 'aws-lambda';
import type { Actor } from '../../functions/shared/actor.ts';
import type { TaskItem } from '../../functions/tasks/task.ts';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';
import { type FilesAndQueues, startFilesAndQueues } from '../support/files-and-queues.ts';
import { newActor, pause, problemCode, tamper } from '../support/tasks.ts';

const { getObject } = await import('../../functions/shared/aws/s3.ts');
const { contact } = await import('../../functions/crm/contacts/contact.ts');
const { listRecords } = await import('../../functions/crm/records/find-records.ts');
const { createRecord } = await import('../../functions/crm/records/records.ts');
const { handler } = await import('../../functions/runner/handler.ts');
const { carryOut } = await import('../../functions/shared/write-plan.ts');
const { validate } = await import('../../functions/shared/validation.ts');
const { cancelTask } = await import('../../functions/tasks/lifecycle/cancel.ts');
const { claimById } = await import('../../functions/tasks/claim/claim-by-id.ts');
const { createImport } = await import('../../functions/tasks/imports/create-import.ts');
const { createDownload, createUpload } = await import('../../functions/tasks/imports/files.ts');
const { getTask } = await import('../../functions/tasks/find-tasks.ts');
const { importInput } = await import('../../functions/tasks/imports/import-input.ts');
const { retryTask } = await import('../../functions/tasks/lifecycle/retry.ts');

let dynamo: TestDynamo;
let services: FilesAndQueues;

beforeAll(async () => {
  dynamo = await startDynamo();
  services = await startFilesAndQueues();
});

afterAll(async () => {
  await services?.stop();
  await dynamo?.stop();
});

const upload = async (actor: Actor, content: string | Uint8Array, name = 'people.csv'): Promise<string> => {
  const { fileKey, uploadUrl, method, headers } = await createUpload(
    { name, contentType: 'text/csv' },
    actor,
  );
  const response = await fetch(uploadUrl, { method, headers, body: content as string });
  if (!response.ok) throw new Error(`upload answered ${response.status}: ${await response.text()}`);
  return fileKey;
};

const startImport = async (actor: Actor, fileKey: string, options: object = {}) =>
  (await createImport(validate(importInput, { entity: 'contacts', fileKey, ...options }), actor, carryOut))
    .task;

/** Gives the queue's messages to the runner, as Lambda would. @returns ids of the messages that failed */
async function run(remainingMillis = 60_000): Promise<string[]> {
  const messages = await services.receive();
  const began = Date.now();
  const context = {
    awsRequestId: 'invocation-1',
    getRemainingTimeInMillis: () => remainingMillis - (Date.now() - began),
  } as Context;
  const answer = await handler({ Records: messages } as unknown as SQSEvent, context);
  return answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
}

async function importFile(
  actor: Actor,
  content: string | Uint8Array,
  options: object = {},
): Promise<TaskItem> {
  const task = await startImport(actor, await upload(actor, content), options);
  expect(await run()).toEqual([]);
  return getTask(task.id, actor);
}

const names = async (actor: Actor) =>
  (await listRecords(contact, { sort: 'name', limit: '100' }, actor)).data.map(({ name }) => name);
const resultOf = (task: TaskItem) => JSON.parse(task.result ?? 'null');

async function errorsOf(actor: Actor, task: TaskItem): Promise<string[]> {
  const { downloadUrl } = await createDownload(resultOf(task).errorsFileKey, actor);
  return (await (await fetch(downloadUrl)).text()).trimEnd().split('\r\n');
}

describe('an import', () => {
  test('creates a contact for each row, whatever the file looks like', async () => {
    const actor = newActor();
    const task = await importFile(
      actor,
      '\uFEFFname;email;tags;address.city;notes\r\n' +
        '"Ada ""Countess"" Lovelace";ADA@example.com;a, b;London;"two\r\nlines; here"\r\n' +
        '\r\n' +
        'Bob Müller;;;;\r\n',
    );
    expect(task).toMatchObject({
      state: 'completed',
      attempt: 1,
      progress: { percent: 100, message: '2 rows' },
    });
    expect(resultOf(task)).toEqual({
      rows: 2,
      created: 2,
      updated: 0,
      unchanged: 0,
      failed: 0,
      dryRun: false,
      errorsFileKey: null,
    });
    const [ada, bob] = (await listRecords(contact, { sort: 'name' }, actor)).data;
    expect(ada).toMatchObject({
      name: 'Ada "Countess" Lovelace',
      tags: ['a', 'b'],
      address: { city: 'London' },
      notes: 'two\r\nlines; here',
      createdBy: 'user-1',
    });
    expect(bob).toMatchObject({ name: 'Bob Müller', email: null, address: null });
  });

  test('says which rows failed and why, safe to open in a spreadsheet', async () => {
    const actor = newActor();
    const task = await importFile(
      actor,
      'Full name,Mail,Points\n' +
        'Ada,ada@example.com,1\n' +
        '"=HYPERLINK(""http://evil"")",not-an-address,x\n' +
        '"Bob\nBuilder",ada@example.com,2\n' +
        'Cleo,,3,extra\n' +
        ',nobody@example.com,4\n',
      { mapping: { 'Full name': 'name', Mail: 'email', Points: 'score' } },
    );
    expect(resultOf(task)).toMatchObject({ rows: 5, created: 1, failed: 4 });
    const errors = await errorsOf(actor, task);
    expect(errors[0]).toBe('line,column,code,message,Full name,Mail,Points');
    expect(errors.slice(1).map((line) => line.split(',').slice(0, 3).join(','))).toEqual([
      '3,Mail,invalid_format',
      '3,Points,invalid_type',
      '4,Mail,duplicate',
      '6,,too_many_cells',
      '7,Full name,required',
    ]);
    expect(errors[1]).toContain(`"'=HYPERLINK(""http://evil"")"`);
    expect(await names(actor)).toEqual(['Ada']);
  });

  test('by upsert creates, updates and keeps what empty cells leave out; later rows win', async () => {
    const actor = newActor();
    await createRecord(contact, { name: 'Ada', email: 'ada@example.com', title: 'Countess' }, actor);
    const task = await importFile(
      actor,
      'name,email,title\nAda Lovelace,ADA@example.com,\nNew,new@example.com,one\nNewer,new@example.com,two\n,x@example.com,\n',
      { mode: 'upsert' },
    );
    expect(resultOf(task)).toMatchObject({ rows: 4, created: 1, updated: 2, failed: 1 });
    const found = (await listRecords(contact, { sort: 'name' }, actor)).data;
    expect(found.map(({ name, title }) => [name, title])).toEqual([
      ['Ada Lovelace', 'Countess'],
      ['Newer', 'two'],
    ]);
  });

  test('by update changes only contacts that are there', async () => {
    const actor = newActor();
    await createRecord(contact, { name: 'Ada', email: 'ada@example.com' }, actor);
    const task = await importFile(actor, 'email,title\nada@example.com,Dr\nbob@example.com,Mr\n', {
      mode: 'update',
    });
    expect(resultOf(task)).toMatchObject({ rows: 2, created: 0, updated: 1, failed: 1 });
    expect((await errorsOf(actor, task))[1]).toMatch(/^3,email,not_found,/);
  });

  test('as a dry run finds the same errors and writes no contact', async () => {
    const actor = newActor();
    await createRecord(contact, { name: 'Ada', email: 'ada@example.com' }, actor);
    const task = await importFile(actor, 'name,email\nA,ada@example.com\nB,b@x.org\nB2,B@x.org\nC,bad\n', {
      dryRun: true,
    });
    expect(resultOf(task)).toMatchObject({ rows: 4, created: 1, failed: 3, dryRun: true });
    expect(await names(actor)).toEqual(['Ada']);
  });

  test.each([
    ['an empty file', '', 'empty_file'],
    ['a column that is not there', 'nom\nAda\n', 'unknown_column'],
    ['no column for the name', 'email\na@b.co\n', 'missing_column'],
    ['a quote that never ends', 'name\n"Ada\nBob\n', 'malformed_csv'],
    ['a quote in the middle of a cell', 'name\nAda "Countess" Lovelace\n', 'malformed_csv'],
    ['Latin-1', new Uint8Array([...Buffer.from('name\nM'), 0xfc, 0x0a]), 'not_utf8'],
  ])('of %s fails for good and says so', async (_, content, code) => {
    const actor = newActor();
    const task = await importFile(actor, content);
    expect(task).toMatchObject({ state: 'dead', attempt: 1, error: { code } });
  });

  const valid = (count: number) => Array.from({ length: count }, (_, at) => `P${at},\n`).join('');

  test.each<[string, string | Uint8Array, string, number]>([
    ['a quote that never ends', `name,email\n${valid(90)},bad\n"Ada\nBob\n`, 'malformed_csv', 93],
    ['a quote in a cell', `name,email\n${valid(90)},bad\nAda "X" L,\n${valid(9)}`, 'malformed_csv', 93],
    [
      'a byte that is not UTF-8',
      new Uint8Array([...Buffer.from(`name,email\n${valid(90)},bad\nM`), 0xfc, 0x0a]),
      'not_utf8',
      93,
    ],
  ])(
    'that breaks at %s has done what stands before it, and says what and where',
    async (_, content, code, line) => {
      const actor = newActor();
      const task = await importFile(actor, content);
      expect(task).toMatchObject({ state: 'dead', attempt: 1, error: { code } });
      const { errorsFileKey, ...details } = JSON.parse(task.error?.details ?? 'null');
      expect(details).toEqual({
        rows: 91,
        created: 90,
        updated: 0,
        unchanged: 0,
        failed: 1,
        dryRun: false,
        line,
      });
      const { data, page } = await listRecords(contact, { limit: '100' }, actor);
      expect([data.length, page.nextCursor]).toEqual([90, null]);
      const { downloadUrl } = await createDownload(errorsFileKey, actor);
      const lines = (await (await fetch(downloadUrl)).text()).trimEnd().split('\r\n');
      expect(lines[0]).toBe('line,column,code,message,name,email');
      expect(lines.slice(1).map((text) => text.split(',').slice(0, 3))).toEqual(
        expect.arrayContaining([
          ['92', 'name', 'required'],
          [String(line), '', code],
        ]),
      );
      expect(lines.at(-1)).toContain('nothing after this line was read');
    },
  );

  test('that is run twice makes no contact twice', async () => {
    const actor = newActor();
    const fileKey = await upload(
      actor,
      `name\n${Array.from({ length: 150 }, (_, at) => `P${at}`).join('\n')}\n`,
    );
    const task = await startImport(actor, fileKey);
    await run();
    // As if the sandbox had died after the last row and before it could say so.
    await tamper(task, 'state', 'dead');
    await retryTask(task.id, undefined, actor, carryOut);
    await run();
    expect(resultOf(await getTask(task.id, actor))).toMatchObject({ rows: 150, created: 150, failed: 0 });
    expect(await names(actor)).toHaveLength(100);
    const { page } = await listRecords(contact, { limit: '100' }, actor);
    const rest = await listRecords(contact, { limit: '100', cursor: page.nextCursor as string }, actor);
    expect(rest.data).toHaveLength(50);
  });

  test('longer than one invocation goes on in the next, errors and counts included', async () => {
    const actor = newActor();
    const rows = Array.from({ length: 700 }, (_, at) =>
      at % 200 === 0 ? `,e${at}@x.org` : `P${at},p${at}@x.org`,
    );
    const task = await startImport(actor, await upload(actor, `name,email\n${rows.join('\n')}\n`));
    let invocations = 0;
    while ((await getTask(task.id, actor)).state !== 'completed' && invocations < 10) {
      invocations += 1;
      // No time is left after the first rows.
      expect(await run(8_000)).toEqual([]);
    }
    const done = await getTask(task.id, actor);
    expect(invocations).toBeGreaterThan(2);
    expect(done).toMatchObject({ state: 'completed', attempt: 1, progress: { percent: 100 } });
    expect(resultOf(done)).toMatchObject({ rows: 700, created: 696, failed: 4 });
    expect((await errorsOf(actor, done)).map((line) => line.split(',')[0])).toEqual([
      'line',
      '2',
      '202',
      '402',
      '602',
    ]);
  });

  test('that is cancelled stops', async () => {
    const actor = newActor();
    const fileKey = await upload(actor, 'name\nAda\n');
    const task = await startImport(actor, fileKey);
    await cancelTask(task.id, undefined, actor, carryOut);
    expect(await run()).toEqual([]);
    expect((await getTask(task.id, actor)).state).toBe('cancelled');
    expect(await names(actor)).toEqual([]);
  });
});

describe('files', () => {
  test('of another tenant, of nobody, or beside the folder are not found', async () => {
    const [actor, other] = [newActor(), newActor()];
    const fileKey = await upload(actor, 'name\nAda\n', '../../Größe 1.csv');
    expect(fileKey).toMatch(/^imports\/tenant-\d+\/file_[0-9A-Z]{26}\/[\w.-]+\.csv$/);
    const download = await createDownload(fileKey, actor);
    expect(await (await fetch(download.downloadUrl)).text()).toBe('name\nAda\n');
    expect(download.sizeBytes).toBe(9);
    for (const key of [fileKey, `imports/${other.caller.tenantId}/nothing.csv`, 'x', `${fileKey}/../x`]) {
      expect(await problemCode(createDownload(key, other))).toBe('not_found');
      expect(await problemCode(startImport(other, key))).toBe('not_found');
    }
  });

  test('need the content type that was agreed', async () => {
    const actor = newActor();
    const { uploadUrl } = await createUpload({ name: 'a.csv', contentType: 'text/csv' }, actor);
    expect(new URL(uploadUrl).searchParams.get('X-Amz-SignedHeaders')).toContain('content-type');
  });
});

describe('reading a file', () => {
  /** A bucket that sends some pieces, 100 ms apart, and then nothing or the end. */
  async function readSlowly(pieces: number, ends: boolean): Promise<string> {
    const server = createServer(async (_request, response) => {
      for (let piece = 0; piece < pieces; piece += 1) {
        response.write('x');
        await pause(100);
      }
      if (ends) response.end();
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const endpoint = process.env.AWS_ENDPOINT_URL_S3;
    process.env.AWS_ENDPOINT_URL_S3 = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      let text = '';
      for await (const chunk of (await getObject('a', 500)) ?? []) text += Buffer.from(chunk).toString();
      return text;
    } finally {
      process.env.AWS_ENDPOINT_URL_S3 = endpoint;
      server.closeAllConnections();
      server.close();
    }
  }

  test('may take long while something comes', async () => {
    expect(await readSlowly(8, true)).toBe('x'.repeat(8));
  });

  test.each([0, 2])('is given up when nothing comes after %i pieces', async (pieces) => {
    await expect(readSlowly(pieces, false)).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});

describe('the mapping', () => {
  test.each([
    [{ Mail: 'e-mail' }, 'create'],
    [{ Name: 'name' }, 'upsert'],
    [{ A: 'name', B: 'name' }, 'create'],
  ])('%j for %s is refused', async (mapping, mode) => {
    const actor = newActor();
    const fileKey = await upload(actor, 'Name\nAda\n');
    expect(await problemCode(startImport(actor, fileKey, { mapping, mode }))).toBe('validation_failed');
  });
});

describe('a message', () => {
  const event = (body: string) =>
    ({
      Records: [{ messageId: 'm-1', receiptHandle: 'x', body, attributes: { ApproximateReceiveCount: '1' } }],
    }) as unknown as SQSEvent;
  const context = { awsRequestId: 'i', getRemainingTimeInMillis: () => 60_000 } as Context;
  const message = (members: object = {}) =>
    JSON.stringify({ tenantId: 'nobody', taskId: 'task_x', version: 1, sentAt: Date.now(), ...members });

  test.each(['not json', '{}', '{"tenantId":"a"}'])(
    '%j is reported as failed, so it ends in the DLQ',
    async (body) => {
      expect(await handler(event(body), context)).toEqual({ batchItemFailures: [{ itemIdentifier: 'm-1' }] });
    },
  );

  test('that is faster than its task waits for it, and is given up after a minute', async () => {
    expect(await handler(event(message()), context)).toEqual({ batchItemFailures: [] });
    expect(await handler(event(message({ sentAt: Date.now() - 61_000 })), context)).toEqual({
      batchItemFailures: [],
    });
    await new Promise((resolve) => setTimeout(resolve, 2_200));
    const again = await services.receive();
    expect(again.map(({ body }) => JSON.parse(body).taskId)).toEqual(['task_x']);
  });

  test('for a task that somebody else is at waits until their lease has ended', async () => {
    const actor = newActor();
    const task = await startImport(actor, await upload(actor, 'name\nAda\n'));
    const [delivered] = await services.receive();
    await claimById(task, { workerId: 'other', leaseSeconds: 60 }, actor);
    expect(await handler(event(delivered?.body ?? ''), context)).toEqual({ batchItemFailures: [] });
    expect(await services.receive()).toEqual([]);
    expect((await getTask(task.id, actor)).workerId).toBe('other');
  });

  test('that was replaced by that of a later change goes no further round', async () => {
    const actor = newActor();
    const task = await startImport(actor, await upload(actor, 'name\nAda\n'));
    const [delivered] = await services.receive();
    await tamper(task, 'announced', task.version + 1);
    expect(await handler(event(delivered?.body ?? ''), context)).toEqual({ batchItemFailures: [] });
    expect(await services.receive()).toEqual([]);
    expect(await getTask(task.id, actor)).toMatchObject({ state: 'ready', attempt: 0 });
    await tamper(task, 'announced', task.version);
    expect(await handler(event(delivered?.body ?? ''), context)).toEqual({ batchItemFailures: [] });
    expect(await getTask(task.id, actor)).toMatchObject({ state: 'completed' });
  });

  test('that outlived the holder of its task is replaced, so that deaths do not lead it to the DLQ', async () => {
    const actor = newActor();
    const task = await startImport(actor, await upload(actor, 'name\nAda\n'));
    const [delivered] = await services.receive();
    await claimById(task, { workerId: 'dead', leaseSeconds: 1 }, actor);
    const { leaseExpiresAt } = await getTask(task.id, actor);
    await pause(Date.parse(leaseExpiresAt as string) + 300 - Date.now());
    const Records = [{ ...delivered, attributes: { ApproximateReceiveCount: '5' } }];
    expect(await handler({ Records } as unknown as SQSEvent, context)).toEqual({ batchItemFailures: [] });
    expect((await getTask(task.id, actor)).workerId).toBe('dead');
    expect(await run()).toEqual([]);
    expect(await getTask(task.id, actor)).toMatchObject({ state: 'completed', attempt: 2 });
  });
});
