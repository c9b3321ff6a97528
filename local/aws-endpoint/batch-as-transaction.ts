import type { IncomingHttpHeaders } from 'node:http';
import { readCapacity } from './consumed-capacity.ts';

/** AWS: a transaction holds 4 MB; its body is a little longer than that of the batch. */
const largestBody = 3_500_000;

interface WriteRequest {
  PutRequest?: { Item: unknown };
  DeleteRequest?: { Key: unknown };
}

/** A request that does what another one asks for. */
export interface OtherRequest {
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/**
 * dynoxide commits each write of a BatchWriteItem by itself: 25 of them take twice as long as a transaction on a
 * quiet machine, and six times on a busy one. How far a batch has come when others look is open in AWS, so all at
 * once is right, too. What is refused as a transaction is then sent as the batch that it is.
 * @returns undefined for any other call
 */
export function batchAsTransaction(
  operation: string,
  input: Record<string, unknown>,
  headers: IncomingHttpHeaders,
  body: Buffer,
): OtherRequest | undefined {
  if (operation !== 'BatchWriteItem' || body.length > largestBody) return undefined;
  const tables = Object.entries((input.RequestItems ?? {}) as Record<string, WriteRequest[]>);
  const TransactItems = tables.flatMap(([TableName, requests]) =>
    requests.map(({ PutRequest, DeleteRequest }) =>
      PutRequest ? { Put: { TableName, ...PutRequest } } : { Delete: { TableName, ...DeleteRequest } },
    ),
  );
  return {
    headers: { ...headers, 'x-amz-target': 'DynamoDB_20120810.TransactWriteItems' },
    body: Buffer.from(JSON.stringify({ TransactItems, ReturnConsumedCapacity: 'TOTAL' })),
  };
}

/** The answer of the transaction as that of the batch, which costs half as much. */
export function asBatchAnswer(answer: Buffer): Buffer {
  const ConsumedCapacity = readCapacity(answer).map(({ TableName, CapacityUnits }) => ({
    TableName,
    CapacityUnits: CapacityUnits / 2,
  }));
  return Buffer.from(JSON.stringify({ UnprocessedItems: {}, ConsumedCapacity }));
}
