import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  GraphQLEnumType,
  type GraphQLInputObjectType,
  GraphQLList,
  GraphQLObjectType,
  type GraphQLType,
  getNamedType,
  isInputObjectType,
} from 'graphql';
import type * as z from 'zod/mini';
import { crmEntities } from '../../functions/crm/crm-entities.ts';
import { crmRoutes } from '../../functions/crm/routes.ts';
import { fieldTable } from '../../functions/graphql/handler.ts';
import type { ListSpec } from '../../functions/shared/list/list-spec.ts';
import { permissions } from '../../functions/shared/route.ts';
import { enqueueInput } from '../../functions/tasks/enqueue/enqueue-input.ts';
import { taskList } from '../../functions/tasks/find-tasks.ts';
import { taskPatch } from '../../functions/tasks/lifecycle/patch-input.ts';
import { taskOutput } from '../../functions/tasks/task-view.ts';
import { resolvers } from '../../graphql/resolvers.ts';
import { buildAppSyncSchema } from '../../local/appsync/schema.ts';
import { schemaText } from '../support/graphql-engine.ts';
import { disagreements } from '../support/schema-agreement.ts';

const schema = buildAppSyncSchema(schemaText);
const objectType = (name: string) => schema.getType(name) as GraphQLObjectType;
const place = ({ typeName, fieldName }: { typeName: string; fieldName: string }) =>
  `${typeName}.${fieldName}`;

describe('resolvers', () => {
  test('are of fields that exist, each once, with code that exists', () => {
    const places = resolvers.map(place);
    expect(new Set(places).size).toBe(places.length);
    for (const { typeName, fieldName, code } of resolvers) {
      expect(objectType(typeName)?.getFields()[fieldName]).toBeDefined();
      expect(existsSync(resolve(import.meta.dirname, '../../graphql', code))).toBe(true);
    }
  });

  test('answer every field of the root types and every field with arguments', () => {
    const needed = Object.values(schema.getTypeMap()).flatMap((type) =>
      type instanceof GraphQLObjectType && !type.name.startsWith('__')
        ? Object.values(type.getFields())
            .filter(
              ({ args }) => args.length > 0 || ['Query', 'Mutation', 'Subscription'].includes(type.name),
            )
            .map(({ name }) => `${type.name}.${name}`)
        : [],
    );
    expect(needed.filter((field) => !resolvers.map(place).includes(field))).toEqual([]);
  });

  test('of the function are known to the function, and no others', () => {
    const wanted = resolvers.filter(({ kind }) => kind !== 'local').map(place);
    expect(Object.keys(fieldTable).sort()).toEqual(wanted.sort());
    for (const entry of resolvers.filter(({ kind }) => kind === 'batch')) {
      expect(fieldTable[place(entry)]).toHaveProperty('resolveAll');
    }
  });

  test('of recordChanged keep out who may not read records', () => {
    const code = readFileSync(
      resolve(import.meta.dirname, '../../graphql/resolvers/record-changed.js'),
      'utf8',
    );
    const refused = permissions.public.filter(
      (role) => !(permissions['records:read'] as readonly string[]).includes(role),
    );
    expect(refused).toEqual(['worker']);
    expect(code).toContain("role === 'worker'");
  });
});

/** What is answered by resolvers of its own, beside the members that its parent has. */
const relationsOf = (typeName: string) =>
  resolvers.filter((entry) => entry.typeName === typeName).map(({ fieldName }) => fieldName);

const capital = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);
const typeNamed = (name: string) => schema.getType(name) as GraphQLObjectType | GraphQLInputObjectType;

const entities = crmEntities.map((definition) => ({ ...definition, type: capital(definition.entity) }));

describe.each(entities)('$type agrees with its definition', ({ type, ...definition }) => {
  const { entity, collection, list } = definition;
  const argumentsOf = (field: string) =>
    objectType('Query')
      .getFields()
      [field]?.args.map(({ name }) => name);

  test('in its members, its input and its patch', () => {
    expect(disagreements(typeNamed(type), definition.output, relationsOf(type))).toEqual([]);
    expect(disagreements(typeNamed(`${type}Input`), definition.input)).toEqual([]);
    expect(disagreements(typeNamed(`${type}Patch`), definition.patch)).toEqual([]);
  });

  test('in the filters of its page', () => {
    const custom = definition.fields.includes('custom') ? { custom: [] } : {};
    expect(filtersOf(`${type}Filter`)).toEqual({ ...knownFilters(list, type), ...custom });
  });

  test('in the arguments of its lists', () => {
    const equal = Object.keys(list.filters).filter((name) => list.filters[name]?.operators.includes('eq'));
    const plain = ['tenantId', 'q', 'limit', ...equal.map((name) => (name === 'tags' ? 'tag' : name))];
    expect(argumentsOf(collection)?.sort()).toEqual(plain.sort());
    const page = `${entity}Page`;
    expect(argumentsOf(page)).toEqual(['tenantId', 'filter', 'q', 'sort', 'limit', 'cursor']);
    const sorts = Object.keys(list.sorts).join(', ');
    expect(objectType('Query').getFields()[page]?.description).toContain(`one of ${sorts}, `);
  });

  test('in what it refers to', () => {
    for (const { as, entity: referred } of definition.references) {
      expect(objectType(type).getFields()[as]?.type.toString()).toBe(capital(referred));
    }
  });
});

describe('mutations', () => {
  const mutations = objectType('Mutation').getFields();
  const ofRecords = crmRoutes.filter(
    ({ method, permission }) => method !== 'GET' && permission === 'records:write',
  );

  test('of the names of REST operations take their bodies', () => {
    const shared = ofRecords.filter(({ operation }) => mutations[operation]);
    expect(shared.length).toBeGreaterThan(40);
    for (const { operation, body } of shared) {
      const input = mutations[operation]?.args.find(({ name }) => name === 'input');
      const members = body && Object.keys((body._zod.def as unknown as { shape: object }).shape);
      if (!input || getNamedType(input.type).name === 'AWSJSON') {
        // Few members are arguments of their own, and an action without any has none.
        const given = mutations[operation]?.args.map(({ name }) => name);
        expect(given).toEqual(expect.arrayContaining(members ?? []));
      } else {
        expect(
          disagreements(getNamedType(input.type) as GraphQLInputObjectType, body as z.ZodMiniType),
        ).toEqual([]);
      }
    }
  });

  test('are all that can be done to one record, safe to repeat and conditional as over REST', () => {
    const collections = crmEntities.map(({ collection }) => collection).join('|');
    const ofOne = new RegExp(`^/api/v1/(${collections})(?!/batch|/by/)`);
    const acts = ofRecords.filter(({ path }) => ofOne.test(path));
    expect(acts.map(({ operation }) => operation).filter((name) => !mutations[name])).toEqual([]);
    for (const { operation, method, conditional } of acts) {
      const given = mutations[operation]?.args.map(({ name }) => name) ?? [];
      if (method === 'POST') expect([operation, ...given]).toContain('idempotencyKey');
      if (conditional) expect([operation, ...given]).toContain('expectedVersion');
    }
  });
});

describe('tasks agree with the REST API', () => {
  test('in their members and their input', () => {
    expect(disagreements(typeNamed('Task'), taskOutput)).toEqual([]);
    expect(disagreements(typeNamed('TaskInput'), enqueueInput)).toEqual([]);
    expect(disagreements(typeNamed('TaskPatch'), taskPatch)).toEqual([]);
  });

  test('in their filters', () => {
    expect(filtersOf('TaskFilter')).toEqual(knownFilters(taskList, 'Task'));
  });
});

test('changes are of every entity', () => {
  const values = (schema.getType('RecordEntity') as GraphQLEnumType).getValues().map(({ name }) => name);
  expect(values.sort()).toEqual(crmEntities.map(({ entity }) => entity).sort());
});

/** Filter field → operators, each with what it compares with. */
function filtersOf(name: string): Record<string, string[]> {
  const fields = Object.values((typeNamed(name) as GraphQLInputObjectType).getFields());
  return Object.fromEntries(
    fields.map(({ name: field, type }) => [
      field,
      isInputObjectType(type)
        ? Object.values(type.getFields())
            .map((operator) => `${operator.name}: ${comparedWith(operator.type)}`)
            .sort()
        : [],
    ]),
  );
}

/** A list for `in`; the values of an enumeration. */
function comparedWith(type: GraphQLType): string {
  if (type instanceof GraphQLList) return `${comparedWith(getNamedType(type))}s`;
  if (type instanceof GraphQLEnumType)
    return type
      .getValues()
      .map(({ name }) => name)
      .sort()
      .join('|');
  return type.toString();
}

const scalarOf = {
  text: 'String',
  tag: 'String',
  instant: 'AWSDateTime',
  date: 'AWSDate',
  boolean: 'Boolean',
};

function knownFilters({ filters }: ListSpec, typeName: string): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(filters).map(([field, { type, operators, values }]) => {
      const enumeration = type === 'text' && values ? [...values].sort().join('|') : undefined;
      const own = () => getNamedType(objectType(typeName).getFields()[field]?.type as GraphQLType).name;
      const wanted = type === 'integer' || type === 'number' ? own() : (enumeration ?? scalarOf[type]);
      return [field, operators.map((name) => `${name}: ${wanted}${name === 'in' ? 's' : ''}`).sort()];
    }),
  );
}

test('only the service may publish', () => {
  const publishing = Object.values(objectType('Mutation').getFields()).filter(({ name }) =>
    name.startsWith('publish'),
  );
  expect(publishing.map(({ name }) => name)).toEqual(['publishRecordChange', 'publishTaskChange']);
  for (const { astNode } of publishing) {
    expect(astNode?.directives?.map(({ name }) => name.value)).toEqual(['aws_iam']);
  }
});

test('every root field takes a tenantId, except what the service publishes', () => {
  for (const root of ['Query', 'Mutation', 'Subscription']) {
    for (const { name, args } of Object.values(objectType(root).getFields())) {
      if (!name.startsWith('publish')) expect(args.map((arg) => arg.name)).toContain('tenantId');
    }
  }
});
