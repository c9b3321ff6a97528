import {
  AwsError,
  type CreatedResource,
  type ProviderMap,
  type ResolvedResource,
  type RuntimeContext,
} from '../types.ts';
import { checkProperties } from './check-properties.ts';

/** CloudFormation properties that are queue attributes of the same name. */
const attributes = [
  'ContentBasedDeduplication',
  'DelaySeconds',
  'FifoQueue',
  'MaximumMessageSize',
  'MessageRetentionPeriod',
  'ReceiveMessageWaitTimeSeconds',
  'RedrivePolicy',
  'VisibilityTimeout',
] as const;

/** Attributes that go away when the template no longer sets them. */
const defaults: Record<string, string> = {
  DelaySeconds: '0',
  MaximumMessageSize: '1048576',
  MessageRetentionPeriod: '345600',
  ReceiveMessageWaitTimeSeconds: '0',
  RedrivePolicy: '',
  VisibilityTimeout: '30',
};

/** The queues of the template and how to address them. */
export interface QueueProviders {
  providers: ProviderMap;
  /** Names of all queues that were made. */
  names(): string[];
  /** The URL under which a function finds a queue. */
  urlOf(queueName: string): string;
}

/**
 * Queues: made on the first start, later their attributes are set to what the template says; messages stay.
 * @param endpoint the origin that queue URLs carry
 */
export function createQueueProviders(
  { aws, settings }: RuntimeContext,
  endpoint: () => string,
): QueueProviders {
  const urls = new Map<string, string>();
  return {
    providers: { 'AWS::SQS::Queue': { create } },
    names: () => [...urls.keys()],
    urlOf: (name) => urls.get(name) ?? publicUrl(name),
  };

  async function create(resource: ResolvedResource): Promise<CreatedResource> {
    checkProperties(resource, {
      used: ['QueueName', ...attributes],
      ignored: [
        'DeduplicationScope',
        'FifoThroughputLimit',
        'KmsDataKeyReusePeriodSeconds',
        'KmsMasterKeyId',
        'RedriveAllowPolicy',
        'SqsManagedSseEnabled',
        'Tags',
      ],
    });
    const { properties, logicalId } = resource;
    const name = String(properties.QueueName ?? logicalId);
    const given = Object.fromEntries(
      attributes
        .filter((attribute) => properties[attribute] !== undefined)
        .map((attribute) => [attribute, asText(properties[attribute])]),
    );
    await makeOrSet(name, given);
    urls.set(name, publicUrl(name));
    const arn = `arn:aws:sqs:${settings.region}:${settings.accountId}:${name}`;
    return { ref: publicUrl(name), attributes: { Arn: arn, QueueName: name, QueueUrl: publicUrl(name) } };
  }

  async function makeOrSet(name: string, given: Record<string, string>): Promise<void> {
    try {
      const { QueueUrl } = await aws.call('sqs', 'GetQueueUrl', { QueueName: name });
      const fifo = 'FifoQueue' in given;
      const all = { ...(fifo ? {} : defaults), ...given };
      const { FifoQueue: _fixed, ...Attributes } = all as Record<string, string>;
      await aws.call('sqs', 'SetQueueAttributes', { QueueUrl, Attributes });
    } catch (error) {
      if (!(error instanceof AwsError) || !/NonExistentQueue|QueueDoesNotExist/.test(error.code)) throw error;
      await aws.call('sqs', 'CreateQueue', { QueueName: name, Attributes: given });
    }
  }

  /** The host is that of the AWS endpoint, because SDK clients send to the host of the queue URL. */
  function publicUrl(name: string): string {
    return `${endpoint()}/${settings.accountId}/${name}`;
  }
}

function asText(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
