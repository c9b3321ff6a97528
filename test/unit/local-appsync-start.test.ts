import { describe, expect, test } from '@jest/globals';
import { contactsSchema, startContacts } from '../support/appsync-contacts.ts';
import { type HarnessOptions, invokeCode } from '../support/appsync-harness.ts';

describe('a template that AppSync would not take fails the start', () => {
  test.each<[string, Partial<HarnessOptions>, RegExp]>([
    [
      'a schema that does not parse',
      { schema: 'type Query {' },
      /the schema is not valid: line 1, column 13: Syntax Error/,
    ],
    ['a schema with an unknown type', { schema: 'type Query { a: Nope }' }, /Unknown type "?Nope"?/],
    ['a custom scalar', { schema: 'scalar Money type Query { a: Money }' }, /no custom scalars: "Money"/],
    [
      'a resolver on a missing field',
      { resolvers: [{ place: 'Query.nope', code: invokeCode }] },
      /the type Query has no field "nope"/,
    ],
    [
      'a resolver on a missing type',
      { resolvers: [{ place: 'Nope.a', code: invokeCode }] },
      /the schema has no object type "Nope"/,
    ],
    [
      'code that APPSYNC_JS does not have',
      { resolvers: [{ place: 'Contact.friend', code: 'async function a() {}' }] },
      /"async"/,
    ],
    [
      'code without a response handler',
      { resolvers: [{ place: 'Contact.friend', code: 'export function request() {}' }] },
      /must export the functions request and response/,
    ],
    [
      'an unsupported authentication type',
      { api: { AuthenticationType: 'API_KEY' } },
      /authentication type API_KEY is not supported locally/,
    ],
    ['an unknown property', { api: { Caching: true } }, /Caching/],
    ['an authorizer that AppSync may not invoke', { permitted: false }, /no AWS::Lambda::Permission/],
    [
      'a subscription on a missing mutation',
      { schema: `${contactsSchema} type Subscription { s: Contact @aws_subscribe(mutations: ["nope"]) }` },
      /there is no mutation "nope"/,
    ],
    [
      'a subscription of another type than its mutation',
      {
        schema: `${contactsSchema} type Subscription { s: Company @aws_subscribe(mutations: ["createContact"]) }`,
      },
      /s is of type Company, but its mutation createContact of Contact/,
    ],
  ])('%s', async (_, options, message) => {
    await expect(startContacts(options)).rejects.toThrow(message);
  });
});
