import type { AccessRequest } from './authorize.ts';
import type { EndpointService } from './operation.ts';

/** How the local account's ARNs begin. */
export interface ArnScope {
  region: string;
  accountId: string;
}

type Input = Record<string, unknown>;
type Wanted = Omit<AccessRequest, 'principal'>;

/** Operations whose IAM action has another name. */
const actionNames: Record<string, string> = {
  SendMessageBatch: 'SendMessage',
  DeleteMessageBatch: 'DeleteMessage',
  ChangeMessageVisibilityBatch: 'ChangeMessageVisibility',
  ListObjectsV2: 'ListBucket',
  HeadBucket: 'ListBucket',
  HeadObject: 'GetObject',
  DeleteObjects: 'DeleteObject',
};

/** What a call needs to be allowed, by action and resource; a transaction needs several. */
export function accessRequests(
  service: EndpointService,
  operation: string,
  input: Input,
  path: string,
  scope: ArnScope,
): Wanted[] {
  const prefix = service === 'dynamodbstreams' ? 'dynamodb' : service;
  const action = `${prefix}:${actionNames[operation] ?? operation}`;
  switch (service) {
    case 'dynamodb':
      return dynamodbAccess(operation, input, scope);
    case 'dynamodbstreams':
      return [{ action, resource: String(input.StreamArn ?? '*') }];
    case 'sqs': {
      const name = String(input.QueueUrl ?? '')
        .split('/')
        .at(-1);
      const arn = input.SourceArn ?? `arn:aws:sqs:${scope.region}:${scope.accountId}:${name}`;
      return [{ action, resource: String(arn) }];
    }
    case 's3': {
      const [address = ''] = path.split('?', 1);
      return [{ action, resource: `arn:aws:s3:::${decodeURIComponent(address).replace(/^\//, '')}` }];
    }
    case 'sns':
      return [{ action, resource: String(input.TopicArn ?? '*') }];
    case 'cloudwatch':
      return [{ action, resource: '*' }];
  }
}

function dynamodbAccess(operation: string, input: Input, scope: ArnScope): Wanted[] {
  const table = (name: unknown) => `arn:aws:dynamodb:${scope.region}:${scope.accountId}:table/${name}`;
  if (operation === 'TransactWriteItems' || operation === 'TransactGetItems') {
    const items = (input.TransactItems ?? []) as Record<string, { TableName?: string }>[];
    return items.flatMap((item) =>
      Object.entries(item).map(([kind, { TableName }]) => ({
        action: `dynamodb:${kind === 'ConditionCheck' ? kind : `${kind}Item`}`,
        resource: table(TableName),
      })),
    );
  }
  const action = `dynamodb:${operation}`;
  if (operation === 'BatchGetItem' || operation === 'BatchWriteItem') {
    const names = Object.keys((input.RequestItems ?? {}) as object);
    return names.map((name) => ({ action, resource: table(name) }));
  }
  if (input.TableName === undefined) return [{ action, resource: '*' }];
  const index = input.IndexName === undefined ? '' : `/index/${input.IndexName}`;
  return [{ action, resource: `${table(input.TableName)}${index}` }];
}
