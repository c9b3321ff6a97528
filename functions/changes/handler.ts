import type { DynamoDBBatchResponse, DynamoDBRecord, DynamoDBStreamEvent } from 'aws-lambda';
import { dispatchEvents } from '../platform/webhooks/dispatch.ts';
import { type Attributes, fromAttributes, type Item } from '../shared/dynamo/item.ts';
import { log } from '../shared/logger.ts';
import { countMetric, flushMetrics } from '../shared/metrics.ts';
import { applyChanges } from './apply-changes.ts';
import { archiveAttempts } from './archive-attempts.ts';
import { type Change, toChange } from './change.ts';
import { deriveViews } from './derive-views.ts';
import { publicationOf } from './publications.ts';
import { publish } from './publish.ts';
import { tellDependents } from './tell-dependents.ts';
import { eventsOf } from './webhook-events.ts';

interface Delivered {
  change: Change;
  sequenceNumber: string;
}

/**
 * Follows the streams of crm and tasks. Records are taken in order; the first that cannot be taken is named in
 * the answer, so that Lambda goes on from there and, when it keeps failing, puts it into the failure queue.
 */
export async function handler(event: DynamoDBStreamEvent): Promise<DynamoDBBatchResponse> {
  try {
    const { delivered, poison } = readRecords(event.Records);
    const changes = delivered.map(({ change }) => change);
    // First, since others wait for it; being told again changes nothing.
    const told = await tellDependents(changes);
    const derived = await deriveViews(changes.slice(0, told.done));
    const applied = await applyChanges(changes.slice(0, derived.done));
    const counted = changes.slice(0, applied.done);
    const archived = await archiveAttempts(counted);
    const steps = [archived, applied, derived, told];
    const { done, error } = steps.find((step) => step.error !== undefined) ?? archived;
    const followed = counted.slice(0, done);
    countDeaths(followed);
    // Also of changes that were counted before: their first delivery may have ended right here.
    await dispatchEvents(followed.flatMap(eventsOf));
    await publish(followed.flatMap((change) => publicationOf(change) ?? []));
    const stopped = error === undefined ? poison : { sequenceNumber: delivered[done]?.sequenceNumber, error };
    if (!stopped) return { batchItemFailures: [] };
    log().error('a stream record cannot be followed', {
      sequenceNumber: stopped.sequenceNumber,
      error: stopped.error as Error,
    });
    return { batchItemFailures: [{ itemIdentifier: stopped.sequenceNumber ?? '' }] };
  } finally {
    flushMetrics();
  }
}

/** Tasks of all tenants that have died; one that is delivered again counts again. */
function countDeaths(changes: Change[]): void {
  const died = changes.filter(
    ({ entity, before, after }) => entity === 'task' && after?.state === 'dead' && before?.state !== 'dead',
  );
  if (died.length > 0) countMetric('DeadTasks', died.length);
}

/** The changes up to the first record that is no change of ours. */
function readRecords(records: DynamoDBRecord[]): {
  delivered: Delivered[];
  poison?: { sequenceNumber: string; error: unknown };
} {
  const delivered: Delivered[] = [];
  for (const { dynamodb } of records) {
    const sequenceNumber = dynamodb?.SequenceNumber ?? '';
    try {
      const change = toChange(imageOf(dynamodb?.OldImage), imageOf(dynamodb?.NewImage));
      if (change) delivered.push({ change, sequenceNumber });
    } catch (error) {
      return { delivered, poison: { sequenceNumber, error } };
    }
  }
  return { delivered };
}

/** Lambda hands over DynamoDB's own JSON. */
function imageOf(image: NonNullable<DynamoDBRecord['dynamodb']>['NewImage']): Item | undefined {
  return image && fromAttributes(image as Attributes);
}
