import { type App, type IPolicyValidationPlugin, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import type { IConstruct } from 'constructs';
import type { TandemStack } from './tandem-stack.ts';

interface Acknowledgement {
  /** Construct path below the stack; everything under it is covered. */
  path: string;
  ids: string[];
  reason: string;
}

/** Every finding of cdk-nag that stands, with the reason why (docs/decisions/0013-template-gates.md). */
const acknowledgements: Acknowledgement[] = [
  {
    path: 'Functions',
    ids: ['AwsSolutions::AwsSolutions-IAM5[Resource::*]'],
    reason:
      'X-Ray segments and CloudWatch reads cannot be limited to a resource; template rules allow no other action on *',
  },
  ...['attachments', 'exports', 'imports', 'system/webhook-keys'].map((prefix) => ({
    path: 'Functions',
    ids: [`AwsSolutions::AwsSolutions-IAM5[Resource::<StorageFiles48C02C92.Arn>/${prefix}/*]`],
    reason: `Objects under ${prefix}/ have generated names`,
  })),
  {
    path: 'Functions',
    ids: ['Serverless::Serverless-LambdaDLQ'],
    reason:
      'Only the clock is invoked asynchronously and has an on-failure destination; streams and queues have failure queues of their own',
  },
  {
    path: 'Processing',
    ids: ['Serverless::Serverless-LambdaEventSourceMappingDestination'],
    reason: 'An SQS event source takes no destination: the queue itself has a dead-letter queue',
  },
  ...['runner-high-dlq', 'runner-dlq', 'runner-low-dlq', 'webhooks-dlq', 'changes-dlq', 'clock-dlq'].map(
    (queue) => ({
      path: `Queues/${queue}`,
      ids: ['Serverless::Serverless-SQSRedrivePolicy', 'AwsSolutions::AwsSolutions-SQS3'],
      reason: 'This is itself a failure queue, with an alarm on its depth',
    }),
  ),
  {
    path: 'Storage/Files',
    ids: ['AwsSolutions::AwsSolutions-S1'],
    reason:
      'Every presigned URL is issued by a request in the API access log; a second log would hold the same',
  },
  {
    path: 'Identity/UserPool',
    ids: ['AwsSolutions::AwsSolutions-COG8'],
    reason: 'The plus plan is paid per user and month; an owner may turn it on without a change here',
  },
  {
    path: 'Identity/UserPool',
    ids: ['AwsSolutions::AwsSolutions-COG2'],
    reason: 'Whether MFA is required is the owner’s choice; it is offered to every user',
  },
  {
    path: 'Rest',
    ids: ['AwsSolutions::AwsSolutions-APIG4'],
    reason:
      'Public by the route table: health, OpenAPI, documentation and the 404 problem; a template rule checks that every other route has the authorizer',
  },
  {
    path: 'Graphql/Api',
    ids: ['AwsSolutions::AwsSolutions-ASC3'],
    reason: 'Field errors are logged; request logs would hold tokens and customers’ data',
  },
  {
    path: 'Edge/Distribution',
    ids: ['AwsSolutions::AwsSolutions-CFR3'],
    reason: 'Nothing but documentation is cached, so each request is in the access log of the HTTP API',
  },
  {
    path: 'Edge/Distribution',
    ids: ['AwsSolutions::AwsSolutions-CFR4'],
    reason: 'The default cloudfront.net certificate does not let a minimum TLS version be set',
  },
  {
    path: 'Edge/Distribution',
    ids: ['AwsSolutions::AwsSolutions-CFR1', 'AwsSolutions::AwsSolutions-CFR2'],
    reason: 'A web ACL costs money while idle and callers may be anywhere; throttling is at the API stage',
  },
];

/** cdk-nag's AwsSolutions and Serverless packs as plugins, with what stands acknowledged on the stack. */
export function nagPlugins(app: App, stack: TandemStack): IPolicyValidationPlugin[] {
  for (const { path, ids, reason } of acknowledgements) {
    const construct = path.split('/').reduce<IConstruct>((scope, id) => scope.node.findChild(id), stack);
    Validations.of(construct).acknowledge(...ids.map((id) => ({ id, reason })));
  }
  return [new AwsSolutionsChecks(app), new ServerlessChecks(app)];
}
