import { isDeepStrictEqual } from 'node:util';
import type { ExpiredItems } from '../data-services/expired-items.ts';
import { StartError } from '../start-error.ts';
import {
  type AwsClient,
  AwsError,
  type CreatedResource,
  type ProviderMap,
  type ResolvedResource,
  type RuntimeContext,
} from '../types.ts';
import { checkProperties } from './check-properties.ts';

interface Index {
  IndexName: string;
  KeySchema: unknown[];
  Projection: { ProjectionType?: string; NonKeyAttributes?: string[] };
}

interface TableDescription {
  TableArn: string;
  LatestStreamLabel?: string;
  KeySchema: unknown[];
  GlobalSecondaryIndexes?: Index[];
  StreamSpecification?: { StreamEnabled?: boolean };
}

/**
 * Tables: made on the first start, later brought to what the template says; their items stay.
 * @param expired absent when DynamoDB is somebody else's, who then removes expired items
 */
export function dynamoDbProviders({ aws, settings }: RuntimeContext, expired?: ExpiredItems): ProviderMap {
  return { 'AWS::DynamoDB::Table': { create: createTable } };

  async function createTable(resource: ResolvedResource): Promise<CreatedResource> {
    checkProperties(resource, {
      required: ['KeySchema'],
      used: [
        'TableName',
        'AttributeDefinitions',
        'BillingMode',
        'GlobalSecondaryIndexes',
        'LocalSecondaryIndexes',
        'ProvisionedThroughput',
        'StreamSpecification',
        'TimeToLiveSpecification',
      ],
      ignored: [
        'ContributorInsightsSpecification',
        'DeletionProtectionEnabled',
        'KinesisStreamSpecification',
        'OnDemandThroughput',
        'PointInTimeRecoverySpecification',
        'ResourcePolicy',
        'SSESpecification',
        'TableClass',
        'Tags',
        'WarmThroughput',
      ],
    });
    const { properties, logicalId } = resource;
    const name = String(properties.TableName ?? logicalId);
    const existing = await describeTable(name);
    if (existing === undefined) await makeTable(name, properties);
    else await adaptTable(name, existing, properties);
    await setTimeToLive(name, properties.TimeToLiveSpecification);

    const table = await describeTable(name);
    const arn = table?.TableArn.replace(':dynoxide:', `:${settings.region}:`) ?? '';
    const stream = streamOf(properties) && table?.LatestStreamLabel;
    return {
      ref: name,
      attributes: { Arn: arn, ...(stream ? { StreamArn: `${arn}/stream/${stream}` } : {}) },
    };
  }

  async function makeTable(name: string, properties: Record<string, unknown>): Promise<void> {
    await aws.call('dynamodb', 'CreateTable', {
      TableName: name,
      AttributeDefinitions: properties.AttributeDefinitions,
      KeySchema: properties.KeySchema,
      BillingMode: properties.BillingMode ?? 'PROVISIONED',
      ProvisionedThroughput: properties.ProvisionedThroughput,
      GlobalSecondaryIndexes: properties.GlobalSecondaryIndexes,
      LocalSecondaryIndexes: properties.LocalSecondaryIndexes,
      StreamSpecification: streamOf(properties),
    });
  }

  /** Indexes are derived, so a changed one is made anew; a changed key of the table itself is another table. */
  async function adaptTable(
    name: string,
    table: TableDescription,
    properties: Record<string, unknown>,
  ): Promise<void> {
    if (!isDeepStrictEqual(table.KeySchema, properties.KeySchema)) {
      throw new StartError(
        `Table ${name}: its key has changed since ${settings.dataDir} was made; start with another --data directory.`,
      );
    }
    const wanted = (properties.GlobalSecondaryIndexes ?? []) as Index[];
    const present = table.GlobalSecondaryIndexes ?? [];
    const update = (change: object) =>
      aws.call('dynamodb', 'UpdateTable', {
        TableName: name,
        AttributeDefinitions: properties.AttributeDefinitions,
        GlobalSecondaryIndexUpdates: [change],
      });
    for (const index of present) {
      const same = wanted.some((other) => isDeepStrictEqual(identity(other), identity(index)));
      if (!same) await update({ Delete: { IndexName: index.IndexName } });
    }
    for (const index of wanted) {
      const same = present.some((other) => isDeepStrictEqual(identity(other), identity(index)));
      if (!same) await update({ Create: index });
    }
    const stream = streamOf(properties);
    if ((stream !== undefined) !== (table.StreamSpecification?.StreamEnabled ?? false)) {
      await aws.call('dynamodb', 'UpdateTable', {
        TableName: name,
        StreamSpecification: stream ?? { StreamEnabled: false },
      });
    }
  }

  async function setTimeToLive(name: string, specification: unknown): Promise<void> {
    const { AttributeName, Enabled } = (specification ?? {}) as { AttributeName?: string; Enabled?: boolean };
    if (AttributeName === undefined || Enabled === false) return;
    expired?.watch(name, AttributeName);
    const { TimeToLiveDescription } = await aws.call('dynamodb', 'DescribeTimeToLive', { TableName: name });
    const status = (TimeToLiveDescription as { TimeToLiveStatus?: string } | undefined)?.TimeToLiveStatus;
    if (status === 'ENABLED') return;
    const TimeToLiveSpecification = { AttributeName, Enabled: true };
    await aws.call('dynamodb', 'UpdateTimeToLive', { TableName: name, TimeToLiveSpecification });
  }

  async function describeTable(name: string): Promise<TableDescription | undefined> {
    return describe(aws, name);
  }
}

async function describe(aws: AwsClient, name: string): Promise<TableDescription | undefined> {
  try {
    const { Table } = await aws.call('dynamodb', 'DescribeTable', { TableName: name });
    return Table as TableDescription;
  } catch (error) {
    if (error instanceof AwsError && error.code === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}

/** The template leaves `StreamEnabled` out; the API wants it. */
function streamOf(properties: Record<string, unknown>): object | undefined {
  const specification = properties.StreamSpecification as object | undefined;
  return specification && { StreamEnabled: true, ...specification };
}

/** What makes two index definitions the same. */
function identity({ IndexName, KeySchema, Projection }: Index): unknown {
  return { IndexName, KeySchema, type: Projection.ProjectionType, others: Projection.NonKeyAttributes ?? [] };
}
