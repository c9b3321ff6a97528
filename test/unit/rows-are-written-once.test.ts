import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Actor } from '../../functions/shared/actor.ts';
import { type CallCounter, countCalls } from '../support/call-counter.ts';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';
import { newActor } from '../support/tasks.ts';

const { listRecords } = await import('../../functions/crm/records/find-records.ts');
const { contact } = await import('../../functions/crm/contacts/contact.ts');
const { company } = await import('../../functions/crm/companies/company.ts');
const { createRecord } = await import('../../functions/crm/records/records.ts');
const { openCsv } = await import('../../functions/runner/imports/csv-source.ts');
const { openNdjson } = await import('../../functions/runner/imports/ndjson-source.ts');
const { SeenValues } = await import('../../functions/runner/imports/seen-values.ts');
const { stateOf } = await import('../../functions/runner/imports/import-state.ts');
const { writeRows } = await import('../../functions/runner/imports/write-rows.ts');
const { importInput, planImport } = await import('../../functions/tasks/imports/import-input.ts');
const { newId } = await import('../../functions/shared/ids.ts');
const { validate } = await import('../../functions/shared/validation.ts');

let dynamo: TestDynamo;
let calls: CallCounter;

beforeAll(async () => {
  dynamo = await startDynamo();
  calls = await countCalls(dynamo.endpoint);
});

afterAll(async () => {
  await calls?.stop();
  await dynamo?.stop();
});

/** An import of a text that can be run again and again, as a task is that dies. */
function importOf(text: string, actor: Actor, options: object = {}) {
  const plan = planImport(validate(importInput, { entity: 'contacts', fileKey: 'a.csv', ...options }));
  const { tenantId, subject } = actor.caller;
  const task = { id: newId('task'), tenantId, createdAt: '2026-11-01T08:00:00.000Z', createdBy: subject };
  return async () => {
    async function* bytes() {
      yield Buffer.from(text);
    }
    const source = await (plan.format === 'csv' ? openCsv : openNdjson)(bytes(), plan);
    const rows = [];
    for await (const row of source.rows) rows.push(row);
    const state = stateOf({});
    const failures = await writeRows(rows, { plan, task, actor, source, state, seen: new SeenValues() });
    const failed = failures.map(({ row, problem }) => `${row.line} ${problem.code}`);
    const { created, updated, unchanged } = state;
    return { failed, counts: { created, updated, unchanged } };
  };
}

const contacts = async (actor: Actor) =>
  (await listRecords(contact, { sort: 'createdAt', limit: '100' }, actor)).data;
const people = (count: number, more: (at: number) => string = () => '') =>
  `name,email,phone\n${Array.from({ length: count }, (_, at) => more(at) || `P${at},p${at}@x.org,+49 30 ${1000 + at}`).join('\n')}\n`;

describe('rows', () => {
  test('go into as few transactions as they fit in, in the order of the file', async () => {
    const actor = newActor();
    calls.take();
    expect(await importOf(people(66), actor)()).toMatchObject({ failed: [], counts: { created: 66 } });
    // A record and two guards each: 33 to a transaction.
    expect(calls.take().filter((call) => call !== 'GetItem')).toEqual([
      'TransactWriteItems',
      'TransactWriteItems',
    ]);
    expect((await contacts(actor)).map(({ name }) => name)).toEqual(
      Array.from({ length: 66 }, (_, at) => `P${at}`),
    );
  });

  test('that cannot be written fall out, and the others are written', async () => {
    const actor = newActor();
    await createRecord(contact, { name: 'Ada', email: 'p3@x.org' }, actor);
    const text = people(
      30,
      (at) => ({ 7: 'P7,P5@X.ORG,', 9: 'P9,p9@x.org,004930 1005', 11: ',p11@x.org,' })[at] ?? '',
    );
    const { failed, counts } = await importOf(text, actor)();
    expect(failed).toEqual(['5 duplicate', '9 duplicate', '11 duplicate', '13 validation_failed']);
    expect(counts.created).toBe(26);
    expect(await contacts(actor)).toHaveLength(27);
  });

  test('that refer to one company share its check; a company that is not there is named', async () => {
    const actor = newActor();
    const { id } = await createRecord(company, { name: 'ACME' }, actor);
    const rows = Array.from({ length: 40 }, (_, at) => `P${at},${at === 20 ? id.replace(/.$/, '0') : id}`);
    calls.take();
    const { failed, counts } = await importOf(`name,companyId\n${rows.join('\n')}`, actor)();
    expect(failed).toEqual(['22 validation_failed']);
    expect(counts.created).toBe(39);
    expect(calls.take().filter((call) => call === 'TransactWriteItems').length).toBeLessThanOrEqual(2);
  });
});

describe('after a crash in the middle', () => {
  test.each([0, 1, 2])('at transaction %i, all rows are there once and counted', async (writes) => {
    const actor = newActor();
    const run = importOf(people(99), actor);
    calls.dieAfter(writes);
    await expect(run()).rejects.toThrow();
    expect(calls.revive()).toBe(true);
    expect(await run()).toEqual({ failed: [], counts: { created: 99, updated: 0, unchanged: 0 } });
    expect(await contacts(actor)).toHaveLength(99);
    expect(await run()).toEqual({ failed: [], counts: { created: 99, updated: 0, unchanged: 0 } });
  });

  test('rows of an upsert are created once, and written again only where they change something', async () => {
    const actor = newActor();
    await createRecord(contact, { name: 'Old', email: 'p1@x.org', phone: '+49 30 1001' }, actor);
    const run = importOf(people(50), actor, { mode: 'upsert' });
    const counts = { created: 49, updated: 1, unchanged: 0 };
    expect(await run()).toEqual({ failed: [], counts });
    calls.take();
    expect(await run()).toEqual({ failed: [], counts: { created: 49, updated: 0, unchanged: 1 } });
    expect(calls.take()).toEqual(['BatchGetItem', 'BatchGetItem']);
    expect((await contacts(actor)).map(({ version }) => version)).not.toContain(3);
  });

  test('an answer that was lost loses no row and doubles none', async () => {
    const actor = newActor();
    calls.loseAnswer('TransactWriteItems');
    expect(await importOf(people(40), actor)()).toMatchObject({ failed: [], counts: { created: 40 } });
    expect(await contacts(actor)).toHaveLength(40);
  });
});

describe('NDJSON', () => {
  test('has nested members, clears with null, and tells lines that are none', async () => {
    const actor = newActor();
    await createRecord(
      contact,
      { name: 'Ada', email: 'a@x.org', title: 'Dr', address: { city: 'Rome' } },
      actor,
    );
    const lines = [
      { email: 'a@x.org', title: null, address: { line1: 'Via 1' } },
      { email: 'b@x.org', name: 'Bob', nmae: 'x' },
      { email: 'c@x.org' },
    ].map((line) => JSON.stringify(line));
    lines.push('{"name":"D","__proto__":{"x":1}}', '{"name":"E","custom":{"__proto__":1}}');
    const text = `\uFEFF${lines[0]}\r\n{"email":\n${lines.slice(1).join('\n')}`;
    const { failed, counts } = await importOf(text, actor, { format: 'ndjson', mode: 'upsert' })();
    expect(failed).toEqual([2, 3, 4, 5, 6].map((line) => `${line} validation_failed`));
    expect(counts).toEqual({ created: 0, updated: 1, unchanged: 0 });
    expect(await contacts(actor)).toMatchObject([{ title: null, address: { line1: 'Via 1', city: 'Rome' } }]);
  });
});

describe('a dry run', () => {
  test('says what rows would do, and what earlier rows of the file would take from them', async () => {
    const actor = newActor();
    await createRecord(contact, { name: 'Ada', email: 'a@x.org', phone: '+49 30 1' }, actor);
    const text = 'name,email,phone\nA,a@x.org,\nB,b@x.org,123456\nB2,b@x.org,123456\nC,c@x.org,123456\n';
    expect(await importOf(text, actor, { mode: 'upsert', dryRun: true })()).toEqual({
      failed: ['5 duplicate'],
      counts: { created: 1, updated: 2, unchanged: 0 },
    });
    expect(await contacts(actor)).toHaveLength(1);
  });
});
