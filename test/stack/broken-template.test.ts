import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CfnResource } from 'aws-cdk-lib';
import type { Resource, Template } from '../../lib/template-rules/template.ts';
import { TandemRules } from '../../lib/template-rules.ts';
import { builtInValidation, templateRules } from './support/gates.ts';
import { type SynthesisedStack, synthesised } from './support/synthesised-stack.ts';

/** Changes one thing in the stack's template, as a mistake in `lib/` would. */
type Break = (find: (type: string, id?: RegExp) => Editable, template: Template) => void;
interface Editable extends Resource {
  id: string;
  // biome-ignore lint/suspicious/noExplicitAny: a template is as deep as CloudFormation likes
  Properties: any;
  DependsOn?: string;
}

interface Breakage {
  what: string;
  how: Break;
  gate: 'built-in validation' | 'template rules';
  says: RegExp;
}

const breakages: Breakage[] = [
  {
    what: 'an unknown resource type',
    how: (find) => {
      find('AWS::SQS::Queue', /runner/).Type = 'AWS::SQS::Qeue';
    },
    gate: 'built-in validation',
    says: /Unknown resource type 'AWS::SQS::Qeue'/,
  },
  {
    what: 'a dependency cycle',
    how: (find) => {
      const [crm, tasks] = [find('AWS::DynamoDB::Table', /crm/), find('AWS::DynamoDB::Table', /tasks/)];
      crm.DependsOn = tasks.id;
      tasks.DependsOn = crm.id;
    },
    gate: 'built-in validation',
    says: /Circular Dependencies for resource Tablescrm/,
  },
  {
    what: 'a wrong property',
    how: (find) => {
      find('AWS::SQS::Queue', /runner/).Properties.VisibilityTimeOut = 360;
    },
    gate: 'built-in validation',
    says: /'VisibilityTimeOut' was unexpected/,
  },
  {
    what: 'a missing required property',
    how: (find) => {
      delete find('AWS::DynamoDB::Table', /crm/).Properties.KeySchema;
    },
    gate: 'built-in validation',
    says: /'KeySchema' is a required property/,
  },
  {
    what: 'a bad Ref',
    how: (find) => {
      find('AWS::Lambda::Function', /crm/).Properties.Environment.Variables.TABLE_CRM = { Ref: 'Gone' };
    },
    gate: 'built-in validation',
    says: /TABLE_CRM: 'Gone' is not one of/,
  },
  {
    what: 'a bad GetAtt',
    how: (find) => {
      find('AWS::Lambda::Function', /crm/).Properties.Environment.Variables.TABLE_CRM = {
        'Fn::GetAtt': [find('AWS::DynamoDB::Table', /crm/).id, 'Name'],
      };
    },
    gate: 'built-in validation',
    says: /'Name' is not one of \['Arn', 'StreamArn'\]/,
  },
  {
    what: 'a queue visibility below the function timeout',
    how: (find) => {
      find('AWS::SQS::Queue', /Queuesrunner(?!high|low|dlq)/).Properties.VisibilityTimeout = 30;
    },
    gate: 'template rules',
    says: /visibility timeout of 30 s is below 6 × the 90 s timeout/,
  },
  {
    what: 'a retired runtime',
    how: (find) => {
      find('AWS::Lambda::Function', /crm/).Properties.Runtime = 'nodejs14.x';
    },
    gate: 'built-in validation',
    says: /Runtime 'nodejs14.x' was deprecated/,
  },
  {
    what: 'a runtime that the bundles are not built for',
    how: (find) => {
      find('AWS::Lambda::Function', /crm/).Properties.Runtime = 'nodejs22.x';
    },
    gate: 'template rules',
    says: /the runtime is nodejs22.x, the bundles are built for nodejs24.x/,
  },
  {
    what: 'a handler in a file that is not there',
    how: (find) => {
      find('AWS::Lambda::Function', /crm/).Properties.Handler = 'main.handler';
    },
    gate: 'template rules',
    says: /"main.handler" names a file that is not in the asset/,
  },
  {
    what: 'a handler that its file does not export',
    how: (find) => {
      find('AWS::Lambda::Function', /crm/).Properties.Handler = 'index.handle';
    },
    gate: 'template rules',
    says: /"index.handle" names an export that index does not have/,
  },
  {
    what: 'an index on an undeclared attribute',
    how: (find) => {
      find('AWS::DynamoDB::Table', /crm/).Properties.GlobalSecondaryIndexes[0].KeySchema[0].AttributeName =
        'updatedPrefix';
    },
    gate: 'template rules',
    says: /the index byUpdated has the key "updatedPrefix", which is not declared/,
  },
  {
    what: 'a dashboard that is not JSON',
    how: (find) => {
      find('AWS::CloudWatch::Dashboard').Properties.DashboardBody['Fn::Join'][1].pop();
    },
    gate: 'template rules',
    says: /the dashboard is not JSON/,
  },
  {
    what: 'a dashboard widget without metrics',
    how: (find) => {
      const parts: unknown[] = find('AWS::CloudWatch::Dashboard').Properties.DashboardBody['Fn::Join'][1];
      const first = parts.findIndex((part) => String(part).includes('"metrics"'));
      parts[first] = String(parts[first]).replace('"metrics"', '"metric"');
    },
    gate: 'template rules',
    says: /widget 0 has no "metrics"/,
  },
  {
    what: 'a bad schedule expression',
    how: (find) => {
      find('AWS::Scheduler::Schedule').Properties.ScheduleExpression = 'rate(1 minuet)';
    },
    gate: 'template rules',
    says: /the schedule "rate\(1 minuet\)" is not valid: a rate is a positive number and minutes/,
  },
  {
    what: 'a GraphQL schema that does not parse',
    how: (find) => {
      find('AWS::AppSync::GraphQLSchema').Properties.Definition += '\ntype Broken { field: }';
    },
    gate: 'template rules',
    says: /the GraphQL schema is not valid: Syntax Error/,
  },
  {
    what: 'a resolver on a field that does not exist',
    how: (find) => {
      find('AWS::AppSync::Resolver').Properties.FieldName = 'contcats';
    },
    gate: 'template rules',
    says: /the resolver is on \w+\.contcats, which the schema does not have/,
  },
  {
    what: 'a root field without a resolver',
    how: (find, template) => {
      delete template.Resources[find('AWS::AppSync::Resolver', /Query/).id];
    },
    gate: 'template rules',
    says: /no resolver answers Query\.\w+: it would be null/,
  },
  {
    what: 'a subscription on a mutation that does not exist',
    how: (find) => {
      const schema = find('AWS::AppSync::GraphQLSchema').Properties;
      schema.Definition = schema.Definition.replace(
        'mutations: ["publishTaskChange"]',
        'mutations: ["publish"]',
      );
    },
    gate: 'template rules',
    says: /Subscription\.taskChanged waits for the mutation publish, which the schema does not have/,
  },
  {
    what: 'a route without an integration',
    how: (find) => {
      delete find('AWS::ApiGatewayV2::Route', /createContact/).Properties.Target;
    },
    gate: 'template rules',
    says: /the route "POST \/api\/v1\/contacts" has no integration/,
  },
  {
    what: 'a route of the table that is not in the API',
    how: (find, template) => {
      delete template.Resources[find('AWS::ApiGatewayV2::Route', /createContact/).id];
    },
    gate: 'template rules',
    says: /the route "POST \/api\/v1\/contacts" of the route table is not in the template/,
  },
  {
    what: 'a route that lost its authorizer',
    how: (find) => {
      const route = find('AWS::ApiGatewayV2::Route', /createContact/).Properties;
      delete route.AuthorizerId;
      route.AuthorizationType = 'NONE';
    },
    gate: 'template rules',
    says: /needs records:write but has no authorizer/,
  },
  {
    what: 'a missing Lambda permission of API Gateway',
    how: (find, template) => {
      delete template.Resources[find('AWS::Lambda::Permission', /RestPermissioncrm/).id];
    },
    gate: 'template rules',
    says: /apigateway.amazonaws.com may not invoke Functionscrm/,
  },
  {
    what: 'a missing Lambda permission of AppSync',
    how: (find, template) => {
      delete template.Resources[find('AWS::Lambda::Permission', /GraphqlPermission/).id];
    },
    gate: 'template rules',
    says: /appsync.amazonaws.com may not invoke Functionsauthorizer/,
  },
  {
    what: 'a schedule whose role may not invoke',
    how: (find) => {
      find('AWS::IAM::Policy', /ProcessingClockRole/).Properties.PolicyDocument.Statement.shift();
    },
    gate: 'template rules',
    says: /its role may not invoke Functionsclock/,
  },
  {
    what: 'a queue without a dead-letter queue',
    how: (find) => {
      delete find('AWS::SQS::Queue', /Queuesrunner(?!high|low|dlq)/).Properties.RedrivePolicy;
    },
    gate: 'template rules',
    says: /the queue has no dead-letter queue/,
  },
  {
    what: 'a dead-letter queue without an alarm',
    how: (find) => {
      find('AWS::CloudWatch::Alarm', /runnerdlqdepth/).Properties.MetricName = 'NumberOfMessagesSent';
    },
    gate: 'template rules',
    says: /no alarm watches ApproximateNumberOfMessagesVisible of this dead-letter queue/,
  },
  {
    what: 'a stream consumer without a failure queue',
    how: (find) => {
      delete find('AWS::Lambda::EventSourceMapping', /Streamcrm/).Properties.DestinationConfig;
    },
    gate: 'template rules',
    says: /there is no failure queue/,
  },
  {
    what: 'a wildcard action',
    how: (find) => {
      find('AWS::IAM::Policy', /Functionscrm/).Properties.PolicyDocument.Statement[2].Action = 'dynamodb:*';
    },
    gate: 'template rules',
    says: /the role is allowed the wildcard action dynamodb:\*/,
  },
  {
    what: 'an action on every resource',
    how: (find) => {
      find('AWS::IAM::Policy', /Functionscrm/).Properties.PolicyDocument.Statement[2].Resource = '*';
    },
    gate: 'template rules',
    says: /the role is allowed dynamodb:GetItem on every resource/,
  },
];

const gates = { 'built-in validation': builtInValidation, 'template rules': templateRules };

describe('the template with', () => {
  let whole: SynthesisedStack;
  beforeAll(() => {
    whole = synthesised();
  });
  afterAll(() => whole[Symbol.dispose]());

  test('nothing broken passes both gates', () => {
    expect(builtInValidation(whole, whole.template)).toEqual([]);
    expect(templateRules(whole, whole.template)).toEqual([]);
  });

  test.each(breakages)('$what is stopped by the $gate', ({ how, gate, says }) => {
    const template = structuredClone(whole.template);
    how((type, id) => found(template, type, id), template);
    expect(gates[gate](whole, template)).toContainEqual(
      expect.objectContaining({ message: expect.stringMatching(says) }),
    );
  });
});

describe('the synthesis fails', () => {
  test('when a template rule finds something', () => {
    const synthesis = () =>
      synthesised({
        prepare: ({ stack, routes }) => {
          override(stack, 'AWS::SQS::Queue', /runner$/, 'VisibilityTimeout', 30);
          return [new TandemRules(routes)];
        },
      });
    expect(synthesis).toThrow(/visibility timeout of 30 s is below 6 × the 90 s timeout/);
  });

  test('when the built-in validation finds something', () => {
    const synthesis = () =>
      synthesised({
        validate: true,
        prepare: ({ stack }) => {
          override(stack, 'AWS::SQS::Queue', /runner$/, 'VisibilityTimeOut', 360);
          return [];
        },
      });
    expect(synthesis).toThrow(/'VisibilityTimeOut' was unexpected/);
  });
});

function found(template: Template, type: string, id = /./): Editable {
  const entry = Object.entries(template.Resources).find(([name, { Type }]) => Type === type && id.test(name));
  if (!entry) throw new Error(`the template has no ${type} like ${id}`);
  return Object.assign(entry[1], { id: entry[0] }) as Editable;
}

function override(
  stack: SynthesisedStack['stack'],
  type: string,
  path: RegExp,
  property: string,
  value: unknown,
) {
  for (const construct of stack.node.findAll()) {
    if (CfnResource.isCfnResource(construct) && construct.cfnResourceType === type) {
      if (path.test(construct.node.scope?.node.path ?? '')) construct.addPropertyOverride(property, value);
    }
  }
}
