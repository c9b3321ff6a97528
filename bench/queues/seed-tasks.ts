import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Attributes, toAttributes } from '../../functions/shared/dynamo/item.ts';
import { enqueueInput } from '../../functions/tasks/enqueue/enqueue-input.ts';
import { newTask } from '../../functions/tasks/enqueue/new-task.ts';
import { endMembers } from '../../functions/tasks/lifecycle/end-task.ts';
import type { TaskItem } from '../../functions/tasks/task.ts';
import type { TaskType } from '../../functions/tasks/types/task-type.ts';
import { startDynoxide } from '../../local/data-services/dynoxide.ts';
import { callHttp } from '../../local/data-services/http-call.ts';

/** Tasks of a type that are to be in the table. */
export interface Seed {
  type: TaskType;
  pending: number;
  completed: number;
}

/** DynamoDB takes no more in one BatchWriteItem. */
const batch = 25;
const callers = 4;

/**
 * Fills the table of a stack that is not running, with items as enqueue makes them and as complete leaves them.
 * The stream is off meanwhile: 100 000 records of it would keep the stream's consumer busy through the measurement,
 * and a backlog of yesterday has long been followed.
 */
export async function seedTasks(dataDir: string, seeds: Seed[]): Promise<void> {
  const directory = join(dataDir, 'dynamodb');
  const database = join(directory, 'dynamodb.sqlite');
  const table = switchStream(database, 'off');
  try {
    const dynoxide = await startDynoxide(directory, console.error);
    try {
      await writeAll(new URL(dynoxide.url), table, itemsOf(seeds));
    } finally {
      await dynoxide.stop();
    }
  } finally {
    switchStream(database, 'on');
  }
}

/** @returns the table's name */
function switchStream(file: string, to: 'on' | 'off'): string {
  const database = new DatabaseSync(file);
  try {
    const { name } = database
      .prepare("SELECT table_name AS name FROM _tables WHERE table_name LIKE '%tasks'")
      .get() as { name: string };
    database
      .prepare('UPDATE _tables SET stream_enabled = ? WHERE table_name = ?')
      .run(to === 'on' ? 1 : 0, name);
    return name;
  } finally {
    database.close();
  }
}

function* itemsOf(seeds: Seed[]): Generator<TaskItem> {
  for (const seed of seeds) yield* itemsOfType(seed);
}

function* itemsOfType({ type, pending, completed }: Seed): Generator<TaskItem> {
  const actor = {
    caller: { tenantId: 'acme', subject: 'bench', role: 'owner' as const },
    requestId: 'bench',
  };
  // An hour ago, a millisecond apart, as the peer's.
  const begin = Date.now() - 3_600_000;
  for (let at = 0; at < pending + completed; at += 1) {
    const time = new Date(begin + at);
    const task = newTask(enqueueInput.parse({ type: type.name, input: { at } }), type, actor, time);
    if (at < pending) yield task;
    else {
      const ended = endMembers('acme', 'completed', time, type.retentionDays);
      yield { ...task, ...ended, attempt: 1, lease: 1, version: 3, result: '{"ok":true}' } as TaskItem;
    }
  }
}

async function writeAll(url: URL, table: string, items: Generator<TaskItem>): Promise<void> {
  const writer = async () => {
    for (let chunk = take(items); chunk.length > 0; chunk = take(items)) {
      await writeBatch(url, table, chunk.map(toAttributes));
    }
  };
  await Promise.all(Array.from({ length: callers }, writer));
}

function take(items: Generator<TaskItem>): TaskItem[] {
  const chunk: TaskItem[] = [];
  while (chunk.length < batch) {
    const { value, done } = items.next();
    if (done) break;
    chunk.push(value);
  }
  return chunk;
}

async function writeBatch(url: URL, table: string, items: Attributes[]): Promise<void> {
  const body = JSON.stringify({
    RequestItems: { [table]: items.map((Item) => ({ PutRequest: { Item } })) },
  });
  const answer = await callHttp(url, {
    method: 'POST',
    path: '/',
    headers: {
      host: url.host,
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'DynamoDB_20120810.BatchWriteItem',
      'x-amz-date': '20000101T000000Z',
      authorization:
        'AWS4-HMAC-SHA256 Credential=BENCH/20000101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
    },
    body,
  });
  const text = answer.body.toString();
  if (answer.status !== 200 || !text.includes('"UnprocessedItems":{}')) {
    throw new Error(`BatchWriteItem: ${answer.status} ${text.slice(0, 200)}`);
  }
}
