/** The operations that can tell what they cost. */
const measurable = new Set([
  'GetItem',
  'PutItem',
  'UpdateItem',
  'DeleteItem',
  'Query',
  'Scan',
  'BatchGetItem',
  'BatchWriteItem',
  'TransactGetItems',
  'TransactWriteItems',
]);

const ask = Buffer.from('{"ReturnConsumedCapacity":"TOTAL",');

/**
 * Makes a DynamoDB request ask for its cost, unless it does so itself. Only its first byte is replaced: the body is
 * not written again.
 */
export function askForCapacity(operation: string, input: Record<string, unknown>, body: Buffer): Buffer {
  if (!measurable.has(operation) || input.ReturnConsumedCapacity !== undefined) return body;
  if (body[0] !== 0x7b || Object.keys(input).length === 0) return body;
  return Buffer.concat([ask, body.subarray(1)]);
}

export interface TableCapacity {
  TableName: string;
  CapacityUnits: number;
}

const marker = Buffer.from('"ConsumedCapacity":');
const backslash = 0x5c;

/**
 * The `ConsumedCapacity` of a response, cut out without parsing the items around it.
 * @returns one entry per table; empty when the response has none
 */
export function readCapacity(body: Buffer): TableCapacity[] {
  // Item data may hold the same characters, but only with escaped quotes.
  let start = body.lastIndexOf(marker);
  while (start > 0 && body[start - 1] === backslash) start = body.lastIndexOf(marker, start - 1);
  if (start < 0) return [];
  const from = start + marker.length;
  const value = JSON.parse(cutJson(body, from)) as TableCapacity | TableCapacity[];
  return [value].flat().filter((entry) => typeof entry?.CapacityUnits === 'number');
}

/** The JSON value that begins at `from`; table names hold no quotes or brackets, so counting brackets is enough. */
function cutJson(body: Buffer, from: number): string {
  let depth = 0;
  for (let position = from; position < body.length; position += 1) {
    const character = body[position];
    if (character === 0x7b || character === 0x5b) depth += 1;
    if (character === 0x7d || character === 0x5d) depth -= 1;
    if (depth === 0) return body.toString('utf8', from, position + 1);
  }
  return 'null';
}
