import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { asList } from '../../lib/template-rules/template.ts';
import { resource, resources, type SynthesisedStack, synthesised } from './support/synthesised-stack.ts';

let whole: SynthesisedStack;
beforeAll(() => {
  whole = synthesised();
});
afterAll(() => whole[Symbol.dispose]());

interface Statement {
  Action: string | string[];
  Resource: unknown;
}

/** Action → the resources it is allowed on, as JSON text. */
function allowed(fn: string): Map<string, string> {
  const { PolicyDocument } = resource(whole.template, 'AWS::IAM::Policy', new RegExp(`^Functions${fn}Role`));
  const grants = new Map<string, string>();
  for (const { Action, Resource } of PolicyDocument.Statement as Statement[]) {
    for (const action of asList(Action) as string[]) {
      grants.set(action, (grants.get(action) ?? '') + JSON.stringify(Resource));
    }
  }
  return grants;
}

const functions = [
  'crm',
  'tasks',
  'platform',
  'graphql',
  'authorizer',
  'changes',
  'runner',
  'webhooks',
  'clock',
];

test('no function may scan a table, delete one or read another function’s logs', () => {
  for (const fn of functions) {
    const grants = allowed(fn);
    for (const action of [
      'dynamodb:Scan',
      'dynamodb:DeleteTable',
      'dynamodb:PartiQLSelect',
      'iam:PassRole',
    ]) {
      expect([fn, grants.has(action)]).toEqual([fn, false]);
    }
    expect(grants.get('logs:PutLogEvents')).toMatch(new RegExp(`Functions${fn}Logs`));
  }
});

test('every action is one that the functions are known to use', () => {
  const actions = new Set(
    resources(whole.template, 'AWS::IAM::Policy').flatMap(({ properties }) =>
      (properties.PolicyDocument.Statement as Statement[]).flatMap(
        ({ Action }) => asList(Action) as string[],
      ),
    ),
  );
  // IAM takes any text for an action, so a misspelt one would deploy and deny: the list is compared by eye once.
  expect([...actions].sort()).toEqual(
    [
      'appsync:GraphQL',
      'cloudwatch:DescribeAlarms',
      'cloudwatch:GetMetricData',
      'dynamodb:BatchGetItem',
      'dynamodb:BatchWriteItem',
      'dynamodb:ConditionCheckItem',
      'dynamodb:DeleteItem',
      'dynamodb:DescribeStream',
      'dynamodb:DescribeTable',
      'dynamodb:GetItem',
      'dynamodb:GetRecords',
      'dynamodb:GetShardIterator',
      'dynamodb:ListStreams',
      'dynamodb:PutItem',
      'dynamodb:Query',
      'dynamodb:UpdateItem',
      'lambda:InvokeFunction',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      's3:DeleteObject',
      's3:GetObject',
      's3:PutObject',
      'sqs:ChangeMessageVisibility',
      'sqs:DeleteMessage',
      'sqs:GetQueueAttributes',
      'sqs:GetQueueUrl',
      'sqs:ReceiveMessage',
      'sqs:SendMessage',
      'sqs:StartMessageMoveTask',
      'xray:PutTelemetryRecords',
      'xray:PutTraceSegments',
    ].sort(),
  );
});

test('the authorizer reads single items of the platform table and nothing else', () => {
  const grants = allowed('authorizer');
  const own = [...grants.keys()].filter((action) => !/^(logs|xray):/.test(action));
  expect(own).toEqual(['dynamodb:GetItem']);
  expect(grants.get('dynamodb:GetItem')).toMatch(/Tablesplatform/);
});

test('views are written by what follows changes and deliveries, and by whoever writes audit entries', () => {
  const writers = functions.filter((fn) => /Tablesviews/.test(allowed(fn).get('dynamodb:PutItem') ?? ''));
  expect(writers).toEqual(['crm', 'tasks', 'platform', 'graphql', 'changes', 'runner', 'webhooks']);
});

test('only the change processor publishes, and only by the publish mutations', () => {
  for (const fn of functions) {
    const publish = allowed(fn).get('appsync:GraphQL');
    if (fn === 'changes') expect(publish).toMatch(/\/types\/Mutation\/fields\/publish/);
    else expect(publish).toBeUndefined();
  }
});

test('the CRM functions make tasks and find them, and the task functions cannot read or write records', () => {
  const onTasks = [...allowed('crm')].filter(([, resources]) => /Tablestasks/.test(resources));
  // A task of a won deal or a merge is put; those about a merged contact are turned to the one that stays.
  expect(onTasks.map(([action]) => action).sort()).toEqual([
    ...['dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem'],
  ]);
  // What a task is about has to be there; nothing of it is read.
  const onRecords = [...allowed('tasks')].filter(([, resources]) => /Tablescrm/.test(resources));
  expect(onRecords.map(([action]) => action)).toEqual(['dynamodb:ConditionCheckItem']);
});

test('files are reached below the prefixes that a function works with', () => {
  const prefixes = Object.fromEntries(
    functions.map((fn) => [
      fn,
      [...(allowed(fn).get('s3:GetObject') ?? '').matchAll(/"\/([\w/-]*)\/\*"/g)].map(([, prefix]) => prefix),
    ]),
  );
  const none = Object.fromEntries(functions.map((fn) => [fn, []]));
  expect(prefixes).toEqual({
    ...none,
    crm: ['attachments', 'imports', 'exports'],
    runner: ['exports', 'imports', 'system/webhook-keys'],
    platform: ['system/webhook-keys'],
    webhooks: ['system/webhook-keys'],
  });
  expect(allowed('webhooks').has('s3:PutObject')).toBe(false);
});
