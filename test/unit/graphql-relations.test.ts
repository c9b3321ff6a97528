import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';
import { createGraphqlEngine, type GraphqlEngine, type Identity } from '../support/graphql-engine.ts';

/** What records lead to is read for a whole list at once. */

let dynamo: TestDynamo;
let engine: GraphqlEngine;
let tenants = 0;
let member: Identity;

beforeAll(async () => {
  dynamo = await startDynamo();
  engine = createGraphqlEngine();
});

afterAll(() => dynamo.stop());

beforeEach(() => {
  tenants += 1;
  member = { tenantId: `tenant-${tenants}`, role: 'member' };
});

const run = (query: string) => engine.run(query, member);

async function create(type: string, input: Record<string, unknown>): Promise<{ id: string }> {
  const query = `mutation ($input: ${type}Input!) { create${type}(input: $input) { id } }`;
  const { data, errors } = await engine.run(query, member, { input });
  expect(errors).toBeUndefined();
  return data[`create${type}`];
}

test('of a whole list are read together', async () => {
  const companies = [await create('Company', { name: 'A' }), await create('Company', { name: 'B' })];
  for (let at = 0; at < 6; at += 1) {
    await create('Contact', { name: `C${at}`, companyId: at === 5 ? null : companies[at % 2]?.id });
  }
  engine.invocations.length = 0;
  const { data } = await run('{ contactPage(sort: "name") { items { name company { name } } } }');
  expect(data.contactPage.items.map((item: { company: unknown }) => item.company)).toEqual([
    { name: 'A' },
    { name: 'B' },
    { name: 'A' },
    { name: 'B' },
    { name: 'A' },
    null,
  ]);
  expect(engine.invocations).toHaveLength(2);
  engine.invocations.length = 0;
  const nested = await run(
    '{ companyPage(sort: "name") { items { name parent { id } contacts(limit: 2) { items { name company { name } } nextCursor } } } }',
  );
  const pages = nested.data.companyPage.items;
  expect(
    pages.map((item: { name: string; contacts: { items: unknown[] } }) => [
      item.name,
      item.contacts.items.length,
    ]),
  ).toEqual([
    ['A', 2],
    ['B', 2],
  ]);
  expect(pages[0].contacts.nextCursor).not.toBeNull();
  expect(engine.invocations).toHaveLength(4);
});

test('of deals lead to three entities in one call each', async () => {
  const { id: companyId } = await create('Company', { name: 'A' });
  const { id: contactId } = await create('Contact', { name: 'Ada', companyId });
  for (const title of ['One', 'Two', 'Three']) {
    await create('Deal', { title, contactId, companyId });
  }
  engine.invocations.length = 0;
  const { data } = await run(
    '{ dealPage(sort: "title") { items { title contact { name company { name } } company { name } pipeline { name } } } }',
  );
  const relations = { contact: { name: 'Ada', company: { name: 'A' } }, company: { name: 'A' } };
  expect(data.dealPage.items).toMatchObject(
    ['One', 'Three', 'Two'].map((title) => ({
      title,
      ...relations,
      pipeline: { name: expect.any(String) },
    })),
  );
  expect(engine.invocations.map((fields) => fields.length)).toEqual([1, 3, 3, 3, 3]);
});

test('are capped', async () => {
  await create('Company', { name: 'A' });
  const { errors } = await run('{ companies { contacts(limit: 26) { items { id } } } }');
  expect(errors).toMatchObject([{ errorType: 'validation_failed' }]);
});
