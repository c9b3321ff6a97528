import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type AttributeDefinition, CreateTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type IndexSchema, tableSchemas } from '../../functions/shared/table-schema.ts';

const root = resolve(import.meta.dirname, '../..');
const binary = join(root, `node_modules/@dynoxide/${process.platform}-${process.arch}/dynoxide`);

/** A DynamoDB of a test's own, with the project's four tables; the functions' environment points to it. */
export interface TestDynamo {
  endpoint: string;
  stop(): Promise<void>;
}

/**
 * Starts dynoxide on a temporary file and a free port. Call it before the code under test first reads its
 * environment, in `beforeAll`; a table's physical name is its own name.
 */
export async function startDynamo(): Promise<TestDynamo> {
  const directory = mkdtempSync(join(tmpdir(), 'tandem-dynamo-'));
  const port = await freePort();
  const child = spawn(binary, ['serve', '--port', String(port), '--db-path', join(directory, 'data.db')], {
    stdio: 'ignore',
  });
  const endpoint = `http://127.0.0.1:${port}`;
  Object.assign(process.env, {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
    CURSOR_KEY: 'test',
  });
  for (const name of Object.keys(tableSchemas)) process.env[`TABLE_${name.toUpperCase()}`] = name;
  const stop = async () => {
    await ended(child);
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await answering(endpoint, child);
    await createTables(endpoint);
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoint, stop };
}

async function createTables(endpoint: string): Promise<void> {
  const client = new DynamoDBClient({ endpoint });
  for (const [name, { stream, indexes }] of Object.entries(tableSchemas)) {
    await client.send(
      new CreateTableCommand({
        TableName: name,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: attributes(Object.values(indexes)),
        KeySchema: keySchema('pk', 'sk'),
        GlobalSecondaryIndexes: indexList(indexes),
        ...(stream && { StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' } }),
      }),
    );
  }
  client.destroy();
}

function attributes(indexes: IndexSchema[]): AttributeDefinition[] {
  const names = new Set(['pk', 'sk', ...indexes.flatMap(({ pk, sk }) => [pk, sk])]);
  return [...names].map((AttributeName) => ({ AttributeName, AttributeType: 'S' }));
}

function keySchema(pk: string, sk: string) {
  return [
    { AttributeName: pk, KeyType: 'HASH' as const },
    { AttributeName: sk, KeyType: 'RANGE' as const },
  ];
}

function indexList(indexes: Record<string, IndexSchema>) {
  const list = Object.entries(indexes).map(([IndexName, { pk, sk, projection }]) => ({
    IndexName,
    KeySchema: keySchema(pk, sk),
    Projection: { ProjectionType: projection },
  }));
  return list.length > 0 ? list : undefined;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as { port: number };
  await new Promise((done) => server.close(done));
  return port;
}

/** Waits until the server answers anything at all. */
async function answering(endpoint: string, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`dynoxide ended with code ${child.exitCode}`);
    if (await fetch(endpoint).catch(() => undefined)) return;
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error('dynoxide did not answer within 5 s');
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((done) => child.once('exit', done));
  child.kill();
  await exit;
}
