import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { batchGetItems } from '../../functions/shared/dynamo/table.ts';
import { type AwsJsonServer, startAwsJsonServer } from '../support/aws-json-server.ts';

interface BatchInput {
  RequestItems: Record<string, { Keys: { pk: { S: string }; sk: { S: string } }[] }>;
}

let dynamo: AwsJsonServer;
/** How many keys of a call are answered. */
let room: number;

beforeAll(async () => {
  dynamo = await startAwsJsonServer({
    BatchGetItem(input) {
      const { Keys: keys } = (input as unknown as BatchInput).RequestItems['tandem-crm'] ?? { Keys: [] };
      const left = keys.slice(room);
      return {
        Responses: { 'tandem-crm': keys.slice(0, room) },
        UnprocessedKeys: left.length > 0 ? { 'tandem-crm': { Keys: left } } : {},
      };
    },
  });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_DYNAMODB: process.env.AWS_ENDPOINT_URL_SQS,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    TABLE_CRM: 'tandem-crm',
  });
});

afterAll(() => dynamo.stop());

beforeEach(() => {
  dynamo.calls.length = 0;
});

const keys = Array.from({ length: 5 }, (_, at) => ({ pk: 'p', sk: String(at) }));

test('keys that DynamoDB leaves out are asked for again, and only they', async () => {
  room = 2;
  expect(await batchGetItems('crm', keys)).toEqual(keys);
  expect(
    dynamo.calls.map(({ input }) => (input as unknown as BatchInput).RequestItems['tandem-crm']?.Keys.length),
  ).toEqual([5, 3, 1]);
});

test('a table that answers none of them is asked a few times, with pauses, and then unavailable', async () => {
  room = 0;
  const began = performance.now();
  await expect(batchGetItems('crm', keys)).rejects.toMatchObject({ code: 'unavailable' });
  expect(dynamo.calls).toHaveLength(8);
  // The pauses are random, up to 2.5 s together; hardly ever less than this.
  expect(performance.now() - began).toBeGreaterThan(100);
});
