import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { GraphQLObjectType, getNamedType } from 'graphql';
import { crmEntities } from '../../functions/crm/crm-entities.ts';
import { createRecord } from '../../functions/crm/records/records.ts';
import { validate } from '../../functions/shared/validation.ts';
import { resolvers } from '../../graphql/resolvers.ts';
import { buildAppSyncSchema } from '../../local/appsync/schema.ts';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';
import { createGraphqlEngine, schemaText } from '../support/graphql-engine.ts';

/** Every member that REST answers can be read over GraphQL, as its scalar takes it. */

const actor = { caller: { tenantId: 'members', subject: 'user-1', role: 'owner' as const }, requestId: 'r' };
const schema = buildAppSyncSchema(schemaText);
let dynamo: TestDynamo;

beforeAll(async () => {
  dynamo = await startDynamo();
});

afterAll(() => dynamo.stop());

/** All that a type has, except what leads to other records. */
function selectionOf(typeName: string): string {
  const type = schema.getType(typeName) as GraphQLObjectType;
  const members = Object.values(type.getFields()).filter(
    ({ name }) => !resolvers.some((entry) => entry.typeName === typeName && entry.fieldName === name),
  );
  const selected = members.map(({ name, type: of }) => {
    const named = getNamedType(of);
    return named instanceof GraphQLObjectType ? `${name} ${selectionOf(named.name)}` : name;
  });
  return `{ ${selected.join(' ')} }`;
}

const lines = [{ description: 'Gift wrap', quantity: 3, unitPrice: 2_999_999_999, taxRateBps: 700 }];
const inputs: Record<string, Record<string, unknown>> = {
  contact: {
    ...{ name: 'Ada', email: 'ada@x.example', phone: '+44 20 7946 0000', address: { city: 'London' } },
    ...{ lastContactedAt: '2026-01-31T09:30:00+01:00', tags: ['a'] },
  },
  company: { name: 'Analytical Engines', domain: 'engines.example' },
  pipeline: {
    name: 'Short',
    stages: [
      { name: 'In', kind: 'open', probability: 10, rotDays: 2 },
      { name: 'Yes', kind: 'won' },
      { name: 'No', kind: 'lost' },
    ],
    onWon: [{ type: 'todo', input: { deep: [0, {}, null] } }],
  },
  deal: { title: 'Big', amount: 10 ** 13, currency: 'EUR', expectedCloseOn: '2026-12-31' },
  activity: { kind: 'meeting', subject: 'Lunch', durationMinutes: 60 },
  product: { name: 'Tea', sku: 'T-1', unitPrice: 1_800, currency: 'EUR', stock: 4 },
  order: { lines, currency: 'EUR', shipping: 490, status: 'delivered', placedAt: '2026-01-31T00:00:00Z' },
  invoice: { lines, currency: 'EUR', status: 'paid', dueOn: '2026-02-28' },
};

test.each(crmEntities)('of $entity', async (definition) => {
  const { entity } = definition;
  const input = validate(definition.input, inputs[entity]);
  const record = await createRecord(definition, input, actor);
  const type = entity.charAt(0).toUpperCase() + entity.slice(1);
  const query = `{ ${entity}(id: "${record.id}") ${selectionOf(type)} }`;
  const { data, errors } = await createGraphqlEngine().run(query, { tenantId: 'members', role: 'owner' });
  expect(errors).toBeUndefined();
  const { custom, ...shown } = data[entity];
  expect(custom).toBe('custom' in record ? '{}' : undefined);
  // Members that are left out there are null here.
  const expected = JSON.parse(JSON.stringify({ ...record, custom: undefined, ...withJsonText(record) }));
  expect(shown).toMatchObject(expected);
});

/** The input of a declared task is JSON text. */
function withJsonText({ onWon }: Record<string, unknown>) {
  if (!Array.isArray(onWon)) return {};
  return { onWon: onWon.map((task) => ({ ...task, input: JSON.stringify(task.input) })) };
}
