import type { DynamoDBRecord } from 'aws-lambda';

/**
 * Reads what a table's stream holds, as Lambda would hand it to a function: oldest first.
 * @param after sequence number of the last record that is known already
 */
export async function readStream(endpoint: string, table: string, after?: string): Promise<DynamoDBRecord[]> {
  const { Streams } = await call<{ Streams: { StreamArn: string }[] }>(endpoint, 'ListStreams', {
    TableName: table,
  });
  const StreamArn = Streams[0]?.StreamArn;
  const { StreamDescription } = await call<{ StreamDescription: { Shards: { ShardId: string }[] } }>(
    endpoint,
    'DescribeStream',
    { StreamArn },
  );
  const records: DynamoDBRecord[] = [];
  for (const { ShardId } of StreamDescription.Shards) {
    const { ShardIterator } = await call<{ ShardIterator?: string }>(endpoint, 'GetShardIterator', {
      StreamArn,
      ShardId,
      ...(after === undefined
        ? { ShardIteratorType: 'TRIM_HORIZON' }
        : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: after }),
    });
    let iterator = ShardIterator;
    for (;;) {
      const page = await call<{ Records: DynamoDBRecord[]; NextShardIterator?: string }>(
        endpoint,
        'GetRecords',
        {
          ShardIterator: iterator,
          Limit: 1_000,
        },
      );
      records.push(...page.Records);
      iterator = page.NextShardIterator;
      if (page.Records.length === 0 || !iterator) break;
    }
  }
  return records;
}

async function call<T>(endpoint: string, operation: string, input: object): Promise<T> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-date': '20260101T000000Z',
      'x-amz-target': `DynamoDBStreams_20120810.${operation}`,
      authorization:
        'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=0',
    },
    body: JSON.stringify(input),
  });
  if (!response.ok) throw new Error(`${operation}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}
