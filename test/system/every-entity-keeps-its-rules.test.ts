import { beforeAll, describe, expect, test } from '@jest/globals';
import type { EntityDefinition } from '../../functions/crm/records/entity.ts';
import { crmEntities } from '../../functions/crm/routes.ts';
import { routeTable } from '../../functions/route-table.ts';
import type { Route } from '../../functions/shared/route.ts';
import { type Answer, type Api, callerOf } from './support/api.ts';
import { sampleBody } from './support/route-samples.ts';

/** Rules that hold for every entity, driven by the definitions and the route table: a new entity is tested at once. */
let api: Api;
let stranger: Api;

beforeAll(async () => {
  [api, stranger] = await Promise.all([callerOf(), callerOf()]);
});

const capital = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);
const routeOf = (operation: string) => routeTable.find((route) => route.operation === operation) as Route;
const sampleOf = (definition: EntityDefinition) =>
  sampleBody(routeOf(`create${capital(definition.entity)}`)) ?? {};
const samplePatch = (definition: EntityDefinition) =>
  sampleBody(routeOf(`update${capital(definition.entity)}`)) ?? {};
const shapeOf = (schema: unknown) =>
  Object.keys((schema as { _zod: { def: { shape: object } } })._zod.def.shape);

async function create(caller: Api, definition: EntityDefinition, more: object = {}) {
  const made = await caller.post(`/api/v1/${definition.collection}`, { ...sampleOf(definition), ...more });
  expect(made).toMatchObject({ status: 201, body: { version: 1 } });
  return { path: `/api/v1/${definition.collection}/${made.body.id}`, record: made.body };
}

function expectFinding(answer: Answer, pointer: string, code: string): void {
  expect(answer).toMatchObject({ status: 422, body: { code: 'validation_failed' } });
  expect(answer.body.errors).toContainEqual(expect.objectContaining({ pointer, code }));
}

const definitionOf = (entity: string) =>
  crmEntities.find((definition) => definition.entity === entity) as EntityDefinition;

const references = crmEntities.flatMap((definition) =>
  definition.references.map((reference): [string, EntityDefinition, (typeof definition.references)[0]] => [
    `${definition.entity}.${reference.field}`,
    definition,
    reference,
  ]),
);

describe.each(references)('%s', (_, definition, { field, entity }) => {
  test("takes no id of another tenant's record, of a deleted one, of another entity, of none", async () => {
    const target = definitionOf(entity);
    const [foreign, deleted, other, { path, record }] = await Promise.all([
      create(stranger, target),
      create(api, target),
      create(api, definitionOf(entity === 'company' ? 'contact' : 'company')),
      create(api, definition),
    ]);
    expect(await api.del(deleted.path)).toMatchObject({ status: 204 });
    const nobody = `${target.idPrefix}_01ARZ3NDEKTSV4RRFFQ69G5FAV`;
    const patchable = shapeOf(definition.patch).includes(field);
    for (const id of [foreign.record.id, deleted.record.id, nobody]) {
      const created = await api.post(`/api/v1/${definition.collection}`, {
        ...sampleOf(definition),
        [field]: id,
      });
      expectFinding(created, `/${field}`, 'unknown_reference');
      if (patchable) expectFinding(await api.patch(path, { [field]: id }), `/${field}`, 'unknown_reference');
    }
    for (const id of [other.record.id, '', 7, {}]) {
      const created = await api.post(`/api/v1/${definition.collection}`, {
        ...sampleOf(definition),
        [field]: id,
      });
      expect(created).toMatchObject({ status: 422, body: { errors: [{ pointer: `/${field}` }] } });
    }
    expect((await api.get(path)).body).toEqual(record);
  });
});

describe.each(crmEntities.map((definition): [string, EntityDefinition] => [definition.entity, definition]))(
  'every %s',
  (_, definition) => {
    const conditional = routeTable.filter(
      (route) => route.conditional && route.path.startsWith(`/api/v1/${definition.collection}/{id}`),
    );

    test('refuses what is of the wrong type in each of its fields, and changes nothing', async () => {
      const { path, record } = await create(api, definition);
      for (const field of shapeOf(definition.input)) {
        const wrong = { [field]: { surprise: [1] } };
        const answers = [
          await api.post(`/api/v1/${definition.collection}`, { ...sampleOf(definition), ...wrong }),
        ];
        if (shapeOf(definition.patch).includes(field)) answers.push(await api.patch(path, wrong));
        for (const answer of answers) {
          expect(answer).toMatchObject({ status: 422, body: { code: 'validation_failed' } });
          expect(answer.body.errors[0].pointer).toMatch(new RegExp(`^/${field}(/|$)`));
        }
      }
      expect((await api.get(path)).body).toEqual(record);
    });

    test.each(conditional.map((route): [string, Route] => [route.operation, route]))(
      '%s refuses a stale version and changes nothing',
      async (_name, route) => {
        const { path, record } = await create(api, definition);
        const suffix = route.path.slice(`/api/v1/${definition.collection}/{id}`.length);
        const answer = await api.call(route.method, `${path}${suffix}`, {
          body: sampleBody(route),
          headers: { 'if-match': '"v99"' },
        });
        // What is not deleted cannot be restored, whatever its version.
        const expected = suffix === '/restore' ? 409 : 412;
        expect(answer).toMatchObject({ status: expected });
        expect((await api.get(path)).body).toEqual(record);
      },
    );

    test('loses no patch among several at once; with If-Match one wins', async () => {
      const { path } = await create(api, definition);
      const patch = () => api.patch(path, samplePatch(definition));
      const answers = await Promise.all(Array.from({ length: 5 }, patch));
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
      expect(new Set(answers.map(({ body }) => body.version)).size).toBe(5);
      const careful = await Promise.all(
        Array.from({ length: 5 }, () => api.patch(path, samplePatch(definition), { 'if-match': '"v6"' })),
      );
      expect(careful.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412, 412]);
      expect((await api.get(path)).body.version).toBe(7);
    });

    test('of another tenant is a 404, whatever is done with it', async () => {
      const { path } = await create(stranger, definition);
      const id = path.split('/').at(-1);
      const routes = routeTable.filter(({ path: at }) =>
        at.startsWith(`/api/v1/${definition.collection}/{id}`),
      );
      for (const route of routes) {
        const target = route.path.replace('{id}', String(id));
        expect(await api.call(route.method, target, { body: sampleBody(route) })).toMatchObject({
          status: 404,
        });
      }
      expect((await stranger.get(path)).body.version).toBe(1);
    });
  },
);
