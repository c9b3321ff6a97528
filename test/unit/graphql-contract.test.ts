import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import {
  GraphQLEnumType,
  type GraphQLInputObjectType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  getNamedType,
  isScalarType,
} from 'graphql';
import type * as z from 'zod/mini';
import { company } from '../../functions/crm/companies/company.ts';
import { contact, contactStages, contactStatuses } from '../../functions/crm/contacts/contact.ts';
import { crmEntities } from '../../functions/crm/routes.ts';
import { fieldTable } from '../../functions/graphql/handler.ts';
import { permissions } from '../../functions/shared/route.ts';
import { enqueueInput } from '../../functions/tasks/enqueue/enqueue-input.ts';
import { taskList } from '../../functions/tasks/find-tasks.ts';
import { taskStates } from '../../functions/tasks/lifecycle/state-machine.ts';
import { executors } from '../../functions/tasks/task.ts';
import { taskOutput } from '../../functions/tasks/task-view.ts';
import { resolvers } from '../../graphql/resolvers.ts';
import { buildAppSyncSchema } from '../../local/appsync/schema.ts';
import { schemaText } from '../support/graphql-engine.ts';

const schema = buildAppSyncSchema(schemaText);
const objectType = (name: string) => schema.getType(name) as GraphQLObjectType;
const inputType = (name: string) => schema.getType(name) as GraphQLInputObjectType;
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

/** The members of an object schema: name → whether it may be left out or null. */
function membersOf(zodSchema: z.ZodMiniType): Record<string, { optional: boolean; of: string }> {
  const { shape } = zodSchema._zod.def as unknown as { shape: Record<string, z.ZodMiniType> };
  return Object.fromEntries(
    Object.entries(shape).map(([name, member]) => [
      name,
      { optional: member.safeParse(undefined).success || member.safeParse(null).success, of: kindOf(member) },
    ]),
  );
}

/** What a schema holds, below optional, nullable, default and pipe. */
function kindOf(member: z.ZodMiniType): string {
  const def = member._zod.def as unknown as {
    type: string;
    innerType?: z.ZodMiniType;
    in?: z.ZodMiniType;
    check?: string;
  };
  if (def.innerType) return kindOf(def.innerType);
  if (def.type === 'pipe' && def.in) return kindOf(def.in);
  return def.type;
}

/** The zod types that a GraphQL type can stand for. */
const zodKinds: Record<string, string[]> = {
  ID: ['string'],
  String: ['string', 'enum'],
  AWSEmail: ['string'],
  AWSDateTime: ['string'],
  Int: ['number', 'int'],
  Float: ['number'],
  Boolean: ['boolean'],
  AWSJSON: ['unknown'],
};

function agrees(graphqlType: unknown, zodKind: string): boolean {
  const type = graphqlType instanceof GraphQLNonNull ? graphqlType.ofType : graphqlType;
  if (type instanceof GraphQLList) return zodKind === 'array';
  const named = getNamedType(type as GraphQLObjectType);
  if (named instanceof GraphQLEnumType) return zodKind === 'enum';
  if (isScalarType(named)) return (zodKinds[named.name] ?? []).includes(zodKind);
  return zodKind === 'object';
}

interface Comparison {
  type: string;
  zod: z.ZodMiniType;
  /** Fields of the type that are relations, not members. */
  relations?: string[];
}

describe('types agree with the schemas of the REST API', () => {
  const cases: Comparison[] = [
    { type: 'Contact', zod: contact.output, relations: ['company', 'tasks'] },
    { type: 'Company', zod: company.output, relations: ['parent', 'contacts', 'tasks'] },
    { type: 'Task', zod: taskOutput },
    { type: 'ContactInput', zod: contact.input },
    { type: 'ContactPatch', zod: contact.patch },
    { type: 'CompanyInput', zod: company.input },
    { type: 'CompanyPatch', zod: company.patch },
    { type: 'TaskInput', zod: enqueueInput },
  ];

  test.each(cases)('$type', ({ type, zod, relations = [] }) => {
    const fields = (schema.getType(type) as GraphQLObjectType | GraphQLInputObjectType).getFields();
    const members = membersOf(zod);
    const names = Object.keys(fields).filter((name) => !relations.includes(name));
    expect(names.sort()).toEqual(Object.keys(members).sort());
    for (const name of names) {
      const graphqlType = fields[name]?.type;
      const member = members[name];
      expect({ name, nullable: !(graphqlType instanceof GraphQLNonNull) }).toEqual({
        name,
        nullable: member?.optional,
      });
      expect({ name, of: member?.of, agrees: agrees(graphqlType, member?.of ?? '') }).toMatchObject({
        agrees: true,
      });
    }
  });

  test.each([
    ['ContactStage', contactStages],
    ['ContactStatus', contactStatuses],
    ['TaskState', taskStates],
    ['TaskExecutor', executors],
    ['RecordEntity', crmEntities.map(({ entity }) => entity)],
  ])('enum %s', (name, values) => {
    const found = (schema.getType(name) as GraphQLEnumType).getValues().map(({ value }) => value);
    expect(found.sort()).toEqual([...values].sort());
  });

  test.each([
    ['ContactFilter', contact.list],
    ['CompanyFilter', company.list],
    ['TaskFilter', taskList],
  ])('%s offers the filters and operators of the list', (name, list) => {
    const offered = Object.entries(inputType(name).getFields()).map(([field, { type }]) => [
      field,
      Object.keys((type as GraphQLInputObjectType).getFields()).sort(),
    ]);
    const known = Object.entries(list.filters).map(([field, { operators }]) => [
      field,
      [...operators].sort(),
    ]);
    expect(Object.fromEntries(offered)).toEqual(Object.fromEntries(known));
  });
});

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
