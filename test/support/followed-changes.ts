import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DynamoDBRecord } from 'aws-lambda';
import { handler } from '../../functions/changes/handler.ts';
import { contributionsOf } from '../../functions/platform/counting/contributions.ts';
import { Tally } from '../../functions/platform/counting/tally.ts';
import type { FollowedEntity } from '../../functions/shared/counted-fields.ts';
import { type Item, toAttributes } from '../../functions/shared/dynamo/item.ts';
import { queryPage } from '../../functions/shared/dynamo/table.ts';
import { startDynamo } from './dynamo.ts';

/** Tables, and an AppSync that takes everything, so that the changes function has what it needs. */
export async function startFollowing(): Promise<{ endpoint: string; stop(): Promise<void> }> {
  const dynamo = await startDynamo();
  const appsync = createServer((_request, response) => response.end('{"data":{}}'));
  await new Promise<void>((done) => appsync.listen(0, '127.0.0.1', done));
  process.env.GRAPHQL_URL = `http://127.0.0.1:${(appsync.address() as AddressInfo).port}/graphql`;
  return {
    endpoint: dynamo.endpoint,
    async stop() {
      appsync.closeAllConnections();
      await new Promise((done) => appsync.close(done));
      await dynamo.stop();
    },
  };
}

/** A write as the stream tells it, of items without keys. */
export function streamRecord(
  tenantId: string,
  before: Item | undefined,
  after: Item | undefined,
): DynamoDBRecord {
  const image = (item: Item | undefined) => item && toAttributes(keyed(tenantId, item));
  const dynamodb = { SequenceNumber: '1', OldImage: image(before), NewImage: image(after) };
  return { dynamodb: JSON.parse(JSON.stringify(dynamodb)) };
}

function keyed(tenantId: string, item: Item): Item {
  return item.entity === 'task'
    ? { pk: `${tenantId}#task#${item.id}`, sk: 'task', tenantId, lease: 0, attempts: {}, ...item }
    : { pk: `${tenantId}#${item.entity}`, sk: item.id, ...item };
}

/** @throws {Error} when one of them is not followed */
export async function deliver(records: DynamoDBRecord[]): Promise<void> {
  const { batchItemFailures } = await handler({ Records: records });
  if (batchItemFailures.length > 0) throw new Error(`not followed: ${JSON.stringify(batchItemFailures)}`);
}

/** Every stored counter of a tenant that is not zero: `<partition> <item> <counter>` → number. */
export async function storedCounters(tenantId: string): Promise<Record<string, number>> {
  const counted: Record<string, number> = {};
  for (const name of ['counters', 'due#invoice', 'due#task', 'forecast']) {
    const key = { text: 'pk = :pk', values: { ':pk': `${tenantId}#${name}` } };
    for (const { pk, sk, ...counters } of (await queryPage({ table: 'views', key })).items) {
      for (const [counter, count] of Object.entries(counters)) {
        if (count !== 0) counted[`${pk} ${sk} ${counter}`] = Number(count);
      }
    }
  }
  return counted;
}

/** What they should be for these records; deleted ones count nowhere. */
export function countersOf(tenantId: string, items: Iterable<Item>): Record<string, number> {
  const tally = new Tally();
  for (const item of items) {
    if (item.deletedAt !== undefined) continue;
    tally.add(contributionsOf(tenantId, item.entity as FollowedEntity, item));
  }
  return Object.fromEntries(
    [...tally.items()].flatMap(({ key, counters }) =>
      counters.map(([name, count]) => [`${key.pk} ${key.sk} ${name}`, Number(count)]),
    ),
  );
}
