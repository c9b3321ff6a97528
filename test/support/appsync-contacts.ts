import {
  type AppSyncHarness,
  batchCode,
  type HarnessOptions,
  invokeCode,
  startAppSync,
} from './appsync-harness.ts';

/** A small API of contacts for the tests of the engine. */
export const contactsSchema = `
  type Company { id: ID! name: String! }
  type Contact { id: ID! name: String! email: AWSEmail since: AWSDateTime custom: AWSJSON company: Company secret: String friend: Contact }
  type Dashboard { total: Int! }
  input ContactInput { name: String! custom: AWSJSON since: AWSDateTime }
  type Query {
    contacts(tenantId: String, limit: Int): [Contact!]!
    contact(id: ID!): Contact
    dashboard: Dashboard
    internal: String @aws_iam
    shared: String @aws_iam @aws_lambda
  }
  type Mutation { createContact(input: ContactInput!): Contact }
`;

/** What the resolvers hand to the function. */
export interface FieldEvent {
  field: string;
  arguments: Record<string, unknown>;
  source: Record<string, unknown> | null;
  identity: { resolverContext: Record<string, string> };
}

const people = [
  { id: 'con_1', name: 'Ann', email: 'ann@example.com', companyId: 'com_1' },
  { id: 'con_2', name: 'Bob', email: 'bob@example.com', companyId: 'com_2' },
  { id: 'con_3', name: 'Cy', email: null, companyId: 'com_1' },
];

/** The function behind the API: one event, or a batch of them. */
export function contactsFunction(event: FieldEvent | FieldEvent[]): unknown {
  if (Array.isArray(event))
    return event.map(({ source }) => ({ id: source?.companyId, name: `of ${source?.name}` }));
  if (event.field === 'contacts') return people.slice(0, (event.arguments.limit as number) ?? 50);
  if (event.field === 'contact') return people.find(({ id }) => id === event.arguments.id) ?? null;
  if (event.field === 'createContact') return { id: 'con_9', ...(event.arguments.input as object) };
  throw new TypeError(`nothing for ${event.field}`);
}

/** Starts the API of contacts; `options` replace or add to its parts. */
export function startContacts(options: Partial<HarnessOptions> = {}): Promise<AppSyncHarness> {
  return startAppSync({
    schema: contactsSchema,
    functions: { graphql: contactsFunction },
    ...options,
    resolvers: [
      { place: 'Query.contacts', code: invokeCode },
      { place: 'Query.contact', code: invokeCode },
      { place: 'Query.dashboard', code: invokeCode },
      { place: 'Mutation.createContact', code: invokeCode },
      { place: 'Contact.company', code: batchCode, maxBatchSize: 100 },
      ...(options.resolvers ?? []),
    ],
  });
}
