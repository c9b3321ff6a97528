import * as z from 'zod';
import { requireQueueArn } from '../lambda/failure-destination.ts';
import { parseProperties } from '../parse-properties.ts';
import type { ResolvedResource } from '../types.ts';
import { compileFilters, type Filter } from './filter-criteria.ts';

const common = {
  EventSourceArn: z.string(),
  FunctionName: z.string(),
  Enabled: z.union([z.boolean(), z.literal('true'), z.literal('false')]).default(true),
  FilterCriteria: z.strictObject({ Filters: z.array(z.strictObject({ Pattern: z.string() })) }).optional(),
  FunctionResponseTypes: z.array(z.literal('ReportBatchItemFailures')).default([]),
  MaximumBatchingWindowInSeconds: z.coerce.number().int().min(0).max(300).default(0),
  Tags: z.array(z.unknown()).optional(),
};

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-lambda-eventsourcemapping.html */
const queueProperties = z.strictObject({
  ...common,
  BatchSize: z.coerce.number().int().min(1).max(10_000).default(10),
  ScalingConfig: z
    .strictObject({ MaximumConcurrency: z.coerce.number().int().min(2).max(1000).optional() })
    .optional(),
});

const streamProperties = z.strictObject({
  ...common,
  BatchSize: z.coerce.number().int().min(1).max(10_000).default(100),
  StartingPosition: z.enum(['TRIM_HORIZON', 'LATEST']),
  ParallelizationFactor: z.coerce.number().int().min(1).max(10).default(1),
  BisectBatchOnFunctionError: z.boolean().default(false),
  MaximumRetryAttempts: z.coerce.number().int().min(-1).max(10_000).default(-1),
  MaximumRecordAgeInSeconds: z.coerce.number().int().min(-1).max(604_800).default(-1),
  DestinationConfig: z.strictObject({ OnFailure: z.strictObject({ Destination: z.string() }) }).optional(),
});

interface MappingSettings {
  /** Also the name of the checkpoint. */
  id: string;
  sourceArn: string;
  functionName: string;
  batchSize: number;
  batchingWindowSeconds: number;
  /** The function answers which items failed. */
  reportsItemFailures: boolean;
  filter: Filter;
}

export interface QueueMappingSettings extends MappingSettings {
  kind: 'queue';
  /** Invocations at the same time. */
  maximumConcurrency: number;
}

export interface StreamMappingSettings extends MappingSettings {
  kind: 'stream';
  tableName: string;
  startingPosition: 'TRIM_HORIZON' | 'LATEST';
  parallelizationFactor: number;
  bisects: boolean;
  /** -1: until the record is too old. */
  maximumRetries: number;
  /** -1: any age. */
  maximumAgeSeconds: number;
  failureArn?: string;
}

/** Lambda starts a queue mapping without MaximumConcurrency with five concurrent batches. */
const defaultConcurrency = 5;

/**
 * Reads an `AWS::Lambda::EventSourceMapping`.
 * @returns undefined for one that is not enabled
 * @throws {Error} naming the property that the runtime does not know or honour
 */
export function readMapping({
  logicalId,
  properties,
}: ResolvedResource): QueueMappingSettings | StreamMappingSettings | undefined {
  const sourceArn = String(properties.EventSourceArn);
  if (/^arn:[^:]+:sqs:/.test(sourceArn)) return readQueueMapping(logicalId, properties);
  const table = /^arn:[^:]+:dynamodb:[^:]*:[^:]*:table\/([^/]+)\/stream\//.exec(sourceArn)?.[1];
  if (table) return readStreamMapping(logicalId, properties, table);
  throw new Error(`EventSourceArn ${sourceArn} is neither an SQS queue nor a DynamoDB stream`);
}

function readQueueMapping(id: string, properties: Record<string, unknown>): QueueMappingSettings | undefined {
  const read = parseProperties(queueProperties, properties);
  if (read.EventSourceArn.endsWith('.fifo')) throw new Error('FIFO queues have no local event source');
  if (read.BatchSize > 10 && read.MaximumBatchingWindowInSeconds === 0) {
    throw new Error('a BatchSize above 10 needs a MaximumBatchingWindowInSeconds of at least 1');
  }
  if (!isEnabled(read.Enabled)) return undefined;
  return {
    kind: 'queue',
    ...shared(id, read),
    maximumConcurrency: read.ScalingConfig?.MaximumConcurrency ?? defaultConcurrency,
  };
}

function readStreamMapping(
  id: string,
  properties: Record<string, unknown>,
  tableName: string,
): StreamMappingSettings | undefined {
  const read = parseProperties(streamProperties, properties);
  const failureArn = read.DestinationConfig?.OnFailure.Destination;
  if (failureArn) requireQueueArn(failureArn, 'OnFailure destination');
  if (!isEnabled(read.Enabled)) return undefined;
  return {
    kind: 'stream',
    ...shared(id, read),
    tableName,
    startingPosition: read.StartingPosition,
    parallelizationFactor: read.ParallelizationFactor,
    bisects: read.BisectBatchOnFunctionError,
    maximumRetries: read.MaximumRetryAttempts,
    maximumAgeSeconds: read.MaximumRecordAgeInSeconds,
    failureArn,
  };
}

type Read = z.infer<typeof queueProperties> | z.infer<typeof streamProperties>;

function shared(id: string, read: Read): MappingSettings {
  return {
    id,
    sourceArn: read.EventSourceArn,
    functionName: read.FunctionName,
    batchSize: read.BatchSize,
    batchingWindowSeconds: read.MaximumBatchingWindowInSeconds,
    reportsItemFailures: read.FunctionResponseTypes.includes('ReportBatchItemFailures'),
    filter: compileFilters(read.FilterCriteria?.Filters.map(({ Pattern }) => Pattern) ?? []),
  };
}

const isEnabled = (enabled: Read['Enabled']) => enabled === true || enabled === 'true';
