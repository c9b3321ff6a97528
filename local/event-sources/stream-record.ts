import { createHash } from 'node:crypto';

/** A record as `GetRecords` answers it and as Lambda hands it on. */
export interface StreamRecord {
  eventID: string;
  eventName: 'INSERT' | 'MODIFY' | 'REMOVE';
  awsRegion: string;
  eventSourceARN?: string;
  dynamodb: {
    SequenceNumber: string;
    Keys: Record<string, Record<string, unknown>>;
    /** Epoch seconds. */
    ApproximateCreationDateTime: number;
  };
}

/** A record with the names of the template's table, and an id that no other stream has. */
export function lambdaRecord(record: StreamRecord, streamArn: string): StreamRecord {
  const eventID = createHash('md5').update(`${streamArn} ${record.dynamodb.SequenceNumber}`).digest('hex');
  const awsRegion = streamArn.split(':')[3] ?? '';
  return { ...record, eventID, awsRegion, eventSourceARN: streamArn };
}

/** The lane that keeps the order of an item's changes: the same for all records of the item. */
export function laneOf({ dynamodb: { Keys } }: StreamRecord, lanes: number): number {
  if (lanes === 1) return 0;
  let hash = 0;
  for (const name of Object.keys(Keys).sort()) {
    for (const char of JSON.stringify(Keys[name])) hash = (Math.imul(hash, 31) + char.charCodeAt(0)) | 0;
  }
  return Math.abs(hash) % lanes;
}
