import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { fromAttributes, toAttributes } from '../../functions/shared/dynamo/item.ts';
import { ConditionFailed, getItem, putItem } from '../../functions/shared/dynamo/table.ts';
import { startDynamo, type TestDynamo } from '../support/dynamo.ts';
import { fc } from '../support/property.ts';

let dynamo: TestDynamo;
let sdk: DynamoDBClient;

beforeAll(async () => {
  dynamo = await startDynamo();
  sdk = new DynamoDBClient({ endpoint: dynamo.endpoint });
});

afterAll(async () => {
  sdk?.destroy();
  await dynamo?.stop();
});

const member = fc.string().filter((name) => name !== '__proto__' && name !== 'pk' && name !== 'sk');
/** What the SDK's own conversion accepts: it refuses integers beyond 2^53, which we keep as the nearest double. */
const number = fc
  .oneof(fc.integer(), fc.double({ min: -9e15, max: 9e15, noNaN: true }))
  .map((value) => (Math.abs(value) < 1e-100 ? 0 : value));
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string(),
    number,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(member, tie('value'), { maxKeys: 3 }),
  ),
}));
const item = fc.dictionary(member, value, { maxKeys: 5 });

describe('our DynamoDB calls', () => {
  test('turn data into the attribute values that the SDK makes, and back', () => {
    fc.assert(
      fc.property(item, (data) => {
        const attributes = toAttributes(data);
        expect(attributes).toEqual(marshall(data));
        expect(fromAttributes(attributes)).toEqual(unmarshall(marshall(data), { wrapNumbers: Number }));
      }),
    );
  });

  test('write as zero what is too close to it for DynamoDB', async () => {
    await putItem('crm', { pk: 'tiny', sk: '1', tiny: 1e-200, small: -1e-130 });
    expect(await getItem('crm', { pk: 'tiny', sk: '1' })).toMatchObject({ tiny: 0, small: -1e-130 });
  });

  test('write what the SDK reads, and read what it writes', async () => {
    await fc.assert(
      fc.asyncProperty(item, async (data) => {
        const ours = { ...data, pk: 'ours', sk: '1' };
        await putItem('crm', ours);
        const { Item } = await sdk.send(
          new GetItemCommand({ TableName: 'crm', Key: marshall({ pk: 'ours', sk: '1' }) }),
        );
        const theirs = { ...data, pk: 'theirs', sk: '1' };
        await sdk.send(new PutItemCommand({ TableName: 'crm', Item: marshall(theirs) }));
        expect(await getItem('crm', { pk: 'theirs', sk: '1' })).toEqual({
          ...unmarshall(Item ?? {}, { wrapNumbers: Number }),
          pk: 'theirs',
        });
      }),
      { numRuns: 50 },
    );
  });

  test('are refused for the same reasons, with the item as it stood', async () => {
    const current = { pk: 'refused', sk: '1', version: 3 };
    await putItem('crm', current);
    const condition = 'attribute_not_exists(pk)';
    const theirs = await sdk
      .send(
        new PutItemCommand({
          TableName: 'crm',
          Item: marshall(current),
          ConditionExpression: condition,
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      )
      .catch((error: unknown) => error);
    const ours = await putItem('crm', current, { text: condition }).catch((error: unknown) => error);
    expect(theirs).toBeInstanceOf(ConditionalCheckFailedException);
    expect(ours).toBeInstanceOf(ConditionFailed);
    expect((ours as ConditionFailed).current).toEqual(
      unmarshall((theirs as ConditionalCheckFailedException).Item ?? {}),
    );
  });
});
