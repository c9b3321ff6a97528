import { describe, expect, test } from '@jest/globals';
import { checkProperties } from '../../local/resources/check-properties.ts';
import { checkTypes, createResources, mergeProviders } from '../../local/resources/create-resources.ts';
import { createRoles } from '../../local/resources/iam.ts';
import { ignoredTypes } from '../../local/resources/ignored-types.ts';
import { openTemplate } from '../../local/template/stack-template.ts';
import type { ProviderMap, RuntimeSettings, Template } from '../../local/types.ts';

const stack = { region: 'us-east-1', accountId: '000000000000', stackName: 's', stackUuid: 'u' };
const settings = { region: 'us-east-1', accountId: '000000000000' } as RuntimeSettings;

describe('resource types', () => {
  test('every unknown type is named with its logical id before anything is created', () => {
    const template: Template = {
      Resources: { A: { Type: 'AWS::Foo::Bar' }, B: { Type: 'AWS::Logs::LogGroup' } },
    };
    expect(() => checkTypes(template, ignoredTypes(settings))).toThrow(
      'Resource A (AWS::Foo::Bar): the local runtime does not know this type.',
    );
  });

  test('two services cannot own one type', () => {
    const provider = { create: () => ({ ref: '', attributes: {} }) };
    expect(() => mergeProviders({ T: provider }, { T: provider })).toThrow('Two services provide T.');
  });

  test('an ignored log group still has a name and an ARN', async () => {
    const seen: unknown[] = [];
    const providers: ProviderMap = {
      ...ignoredTypes(settings),
      T: { create: ({ properties }) => ({ ref: String(seen.push(properties)), attributes: {} }) },
    };
    const template: Template = {
      Resources: {
        Logs: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: '/x' } },
        User: { Type: 'T', Properties: { name: { Ref: 'Logs' }, arn: { 'Fn::GetAtt': ['Logs', 'Arn'] } } },
      },
    };
    await createResources(openTemplate(template, stack), providers);
    expect(seen).toEqual([{ name: '/x', arn: 'arn:aws:logs:us-east-1:000000000000:log-group:/x:*' }]);
  });

  test('what a provider complains about carries the logical id and the type', async () => {
    const providers: ProviderMap = {
      T: {
        create: () => {
          throw new Error('no such attribute');
        },
      },
    };
    const template: Template = { Resources: { Broken: { Type: 'T' } } };
    await expect(createResources(openTemplate(template, stack), providers)).rejects.toThrow(
      'Resource Broken (T): no such attribute',
    );
  });
});

describe('properties', () => {
  const resource = (properties: Record<string, unknown>) => ({
    logicalId: 'Q',
    type: 'AWS::SQS::Queue',
    properties,
  });

  test('a missing required one is named', () => {
    expect(() => checkProperties(resource({}), { required: ['KeySchema'] })).toThrow(
      'Resource Q (AWS::SQS::Queue): required property KeySchema is missing.',
    );
  });

  test('an unknown one is named with the nearest known', () => {
    expect(() => checkProperties(resource({ QueueNam: 'x' }), { used: ['QueueName'] })).toThrow(
      'Resource Q (AWS::SQS::Queue), property QueueNam: the local runtime does not know this property. Did you mean QueueName?',
    );
  });
});

test('a role has its inline policies and those attached to it', async () => {
  const roles = createRoles(settings);
  const inline = { Statement: [{ Action: 'a' }] };
  const attached = { Statement: [{ Action: 'b' }] };
  const template: Template = {
    Resources: {
      Role: {
        Type: 'AWS::IAM::Role',
        Properties: { AssumeRolePolicyDocument: {}, Policies: [{ PolicyName: 'p', PolicyDocument: inline }] },
      },
      Policy: {
        Type: 'AWS::IAM::Policy',
        Properties: { PolicyName: 'q', PolicyDocument: attached, Roles: [{ Ref: 'Role' }] },
      },
    },
  };
  await createResources(openTemplate(template, stack), roles.providers);
  expect(roles.policiesOf('arn:aws:iam::000000000000:role/Role')).toEqual([inline, attached]);
});
