import { DynamoDBClient, GetItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { getItem, putItem, queryPage } from '../functions/shared/dynamo/table.ts';
import { startDynamo } from '../test/support/dynamo.ts';
import { printTable } from './table.ts';

const rounds = 5;
const callsPerRound = 300;
const rows = 50;

/**
 * CPU of this process for one call to DynamoDB, through the SDK's client and through ours, in turns within one run:
 * the measurement behind docs/decisions/0021-dynamodb-without-the-sdk.md.
 */
export async function benchDynamoTransport(): Promise<void> {
  const dynamo = await startDynamo();
  try {
    const client = new DynamoDBClient({
      endpoint: dynamo.endpoint,
      logger: {} as Console,
      credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
    });
    for (let at = 0; at < rows; at += 1) {
      await putItem('crm', {
        pk: 'bench',
        sk: `row-${at}`,
        name: `Row ${at}`,
        tags: ['a', 'b'],
        score: at,
        note: 'x'.repeat(200),
      });
    }
    const key = { pk: 'bench', sk: 'row-1' };
    const scenarios: [string, () => Promise<unknown>, () => Promise<unknown>][] = [
      [
        'GetItem',
        async () => {
          const { Item } = await client.send(
            new GetItemCommand({ TableName: 'crm', Key: marshall(key), ConsistentRead: true }),
          );
          return unmarshall(Item ?? {});
        },
        () => getItem('crm', key),
      ],
      [
        `Query of ${rows} items`,
        async () => {
          const { Items = [] } = await client.send(
            new QueryCommand({
              TableName: 'crm',
              KeyConditionExpression: 'pk = :pk',
              ExpressionAttributeValues: marshall({ ':pk': 'bench' }),
            }),
          );
          return Items.map((item) => unmarshall(item));
        },
        () => queryPage({ table: 'crm', key: { text: 'pk = :pk', values: { ':pk': 'bench' } } }),
      ],
    ];
    const table: (string | number)[][] = [];
    for (const [name, throughSdk, ours] of scenarios) {
      const cpu = { sdk: Number.POSITIVE_INFINITY, ours: Number.POSITIVE_INFINITY };
      for (let round = 0; round < rounds; round += 1) {
        cpu.sdk = Math.min(cpu.sdk, await cpuPerCall(throughSdk));
        cpu.ours = Math.min(cpu.ours, await cpuPerCall(ours));
      }
      table.push([name, cpu.sdk, cpu.ours, cpu.sdk / cpu.ours]);
    }
    client.destroy();
    printTable(
      'CPU of one DynamoDB call (best of five rounds, ms)',
      ['call', 'SDK client', 'ours', 'SDK ÷ ours'],
      table,
    );
  } finally {
    await dynamo.stop();
  }
}

/** Milliseconds of user and system time. */
async function cpuPerCall(call: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  for (let at = 0; at < callsPerRound; at += 1) await call();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / callsPerRound;
}
