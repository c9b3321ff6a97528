import { describe, expect, test } from '@jest/globals';
import { nagPlugins } from '../../lib/nag.ts';
import { stageNames, stageOf } from '../../lib/stage.ts';
import { TandemRules } from '../../lib/template-rules.ts';
import { resource, resources, synthesised } from './support/synthesised-stack.ts';

describe.each(stageNames)('the stage %s', (stage) => {
  test('passes the built-in validation, our rules and cdk-nag', () => {
    using stack = synthesised({
      stage,
      validate: true,
      prepare: ({ app, stack, routes }) => [new TandemRules(routes), ...nagPlugins(app, stack)],
    });
    const bytes = JSON.stringify(stack.template).length;
    const count = Object.keys(stack.template.Resources).length;
    // CloudFormation's limits for one stack.
    expect(bytes).toBeLessThan(1_000_000);
    expect(count).toBeLessThan(500);
    expect(resources(stack.template, 'AWS::CloudFormation::CustomResource')).toEqual([]);
  });
});

test('data outlives everything but a dev stack', () => {
  for (const stage of stageNames) {
    using stack = synthesised({ stage });
    const dev = stage === 'dev';
    for (const { properties, id } of resources(stack.template, 'AWS::DynamoDB::Table')) {
      expect(properties.DeletionProtectionEnabled).toBe(!dev);
      expect(properties.PointInTimeRecoverySpecification).toEqual({ PointInTimeRecoveryEnabled: true });
      expect(stack.template.Resources[id]).toMatchObject({ DeletionPolicy: dev ? 'Delete' : 'Retain' });
    }
    expect(resource(stack.template, 'AWS::Cognito::UserPool').DeletionProtection).toBe(
      dev ? 'INACTIVE' : 'ACTIVE',
    );
    expect(stack.stack.terminationProtection).toBe(!dev);
  }
});

test('production hides its schema and encrypts its alarms', () => {
  using prod = synthesised({ stage: 'prod' });
  expect(resource(prod.template, 'AWS::AppSync::GraphQLApi').IntrospectionConfig).toBe('DISABLED');
  expect(resource(prod.template, 'AWS::SNS::Topic').KmsMasterKeyId).toBeDefined();
  const key = resource(prod.template, 'AWS::KMS::Key').KeyPolicy.Statement;
  expect(key).toContainEqual(
    expect.objectContaining({
      Principal: { Service: 'cloudwatch.amazonaws.com' },
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
    }),
  );
});

test('an unknown stage is refused by name', () => {
  expect(() => stageOf('production')).toThrow('unknown stage "production": use -c stage=dev|staging|prod');
});
