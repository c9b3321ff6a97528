import { env } from '../environment.ts';
import { mapConcurrently } from '../map-concurrently.ts';
import { Problem } from '../problem.ts';
import type { TableName } from '../table-schema.ts';
import { callDynamo, DynamoRefusal } from './call.ts';
import { type Attributes, fromAttributes, type Item, type Key, toAttributes } from './item.ts';

/** A condition, update or filter with its placeholders. Names are `#x`, values `:x`. */
export interface Expression {
  text: string;
  names?: Record<string, string>;
  values?: Item;
}

/** A conditional write was refused; `current` is the item as it stood, if there was one. */
export class ConditionFailed extends Error {
  override readonly name = 'ConditionFailed';
  readonly current: Item | undefined;

  constructor(current: Item | undefined) {
    super('condition failed');
    this.current = current;
  }
}

const tableVariables = {
  crm: 'TABLE_CRM',
  tasks: 'TABLE_TASKS',
  platform: 'TABLE_PLATFORM',
  views: 'TABLE_VIEWS',
} as const satisfies Record<TableName, string>;

/** The physical name of a table in this stage. */
export function physicalTableName(table: TableName): string {
  return env(tableVariables[table]);
}

/** One GetItem, strongly consistent unless told otherwise. */
export async function getItem(
  table: TableName,
  key: Key,
  options: { consistent?: boolean } = {},
): Promise<Item | undefined> {
  const { Item: found } = await callDynamo<{ Item?: Attributes }>('GetItem', {
    TableName: physicalTableName(table),
    Key: toAttributes({ ...key }),
    ConsistentRead: options.consistent ?? true,
  });
  return found && fromAttributes(found);
}

interface BatchAnswer {
  Responses?: Record<string, Attributes[]>;
  UnprocessedKeys?: Record<string, { Keys: Attributes[] }>;
}

const batchAttempts = 8;

export interface BatchGetOptions {
  /** Eventually consistent unless asked for. */
  consistent?: boolean;
  /** Attribute names to read beside the key; all when absent. What is read is paid for either way. */
  project?: readonly string[];
}

function batchReadInput({ consistent, project }: BatchGetOptions) {
  const names = project && [...new Set(['pk', 'sk', ...project])];
  return {
    ...(consistent && { ConsistentRead: true }),
    ...(names && {
      ProjectionExpression: names.map((_, at) => `#p${at}`).join(', '),
      ExpressionAttributeNames: Object.fromEntries(names.map((attribute, at) => [`#p${at}`, attribute])),
    }),
  };
}

/** AWS: keys of one BatchGetItem. */
const keysPerBatch = 100;

/**
 * One BatchGetItem for each hundred keys; items come back in the order of the keys, absent ones left out.
 * @throws {Problem} `unavailable` when DynamoDB keeps leaving keys out
 */
export async function batchGetItems(
  table: TableName,
  keys: readonly Key[],
  options: BatchGetOptions = {},
): Promise<Item[]> {
  const batches = Array.from({ length: Math.ceil(keys.length / keysPerBatch) }, (_, at) =>
    keys.slice(at * keysPerBatch, (at + 1) * keysPerBatch),
  );
  return (await mapConcurrently(batches, 4, (batch) => readBatch(table, batch, options))).flat();
}

/**
 * DynamoDB leaves keys out when the answer would pass 16 MB or a partition is busy: they are asked for again.
 */
async function readBatch(table: TableName, keys: readonly Key[], options: BatchGetOptions): Promise<Item[]> {
  const name = physicalTableName(table);
  const how = batchReadInput(options);
  const found = new Map<string, Item>();
  let pending = keys.map((key) => toAttributes({ ...key }));
  for (let attempt = 1; ; attempt += 1) {
    const answer = await callDynamo<BatchAnswer>('BatchGetItem', {
      RequestItems: { [name]: { Keys: pending, ...how } },
    });
    for (const attributes of answer.Responses?.[name] ?? []) {
      const item = fromAttributes(attributes);
      found.set(`${item.pk} ${item.sk}`, item);
    }
    pending = answer.UnprocessedKeys?.[name]?.Keys ?? [];
    if (pending.length === 0) break;
    if (attempt === batchAttempts) {
      throw new Problem('unavailable', 'The database is busy; try again', {
        headers: { 'retry-after': '1' },
      });
    }
    // Full jitter, 20 ms at first and 1.3 s before the last attempt at most.
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 10 * 2 ** attempt));
  }
  return keys.flatMap((key): Item[] => {
    const item = found.get(`${key.pk} ${key.sk}`);
    return item ? [item] : [];
  });
}

/** One PutItem. @throws {ConditionFailed} */
export async function putItem(table: TableName, item: Item & Key, condition?: Expression): Promise<void> {
  await refusingConditions(() =>
    callDynamo('PutItem', {
      TableName: physicalTableName(table),
      Item: toAttributes(item),
      ...conditionInput(condition),
    }),
  );
}

/** One UpdateItem; answers the item as it stands afterwards. @throws {ConditionFailed} */
export async function updateItem(
  table: TableName,
  key: Key,
  update: Expression,
  condition?: Expression,
): Promise<Item> {
  const { Attributes } = await refusingConditions(() =>
    callDynamo<{ Attributes?: Attributes }>('UpdateItem', {
      TableName: physicalTableName(table),
      Key: toAttributes({ ...key }),
      UpdateExpression: update.text,
      ReturnValues: 'ALL_NEW',
      ...(condition && {
        ConditionExpression: condition.text,
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
      }),
      ...placeholders(update, condition),
    }),
  );
  return fromAttributes(Attributes ?? {});
}

/** One DeleteItem. @throws {ConditionFailed} */
export async function deleteItem(table: TableName, key: Key, condition?: Expression): Promise<void> {
  await refusingConditions(() =>
    callDynamo('DeleteItem', {
      TableName: physicalTableName(table),
      Key: toAttributes({ ...key }),
      ...conditionInput(condition),
    }),
  );
}

export interface QueryInput {
  table: TableName;
  index?: string;
  key: Expression;
  filter?: Expression;
  /** Items read, before the filter. */
  limit?: number;
  descending?: boolean;
  startKey?: Item;
  consistent?: boolean;
  /** Attribute names to read; all when absent. */
  project?: string[];
}

export interface QueryResult {
  items: Item[];
  /** Where to go on; absent when the range is at its end. */
  lastKey?: Item;
}

/** One Query call: at most 1 MB is read (AWS limit), whatever the partition holds. */
export async function queryPage(input: QueryInput): Promise<QueryResult> {
  const projected: Expression | undefined = input.project && {
    text: input.project.map((_, index) => `#p${index}`).join(', '),
    names: Object.fromEntries(input.project.map((name, index) => [`#p${index}`, name])),
  };
  const answer = await callDynamo<{ Items?: Attributes[]; LastEvaluatedKey?: Attributes }>('Query', {
    TableName: physicalTableName(input.table),
    IndexName: input.index,
    KeyConditionExpression: input.key.text,
    FilterExpression: input.filter?.text,
    ProjectionExpression: projected?.text,
    ...placeholders(input.key, input.filter, projected),
    Limit: input.limit,
    ScanIndexForward: !input.descending,
    ExclusiveStartKey: input.startKey && toAttributes(input.startKey),
    ConsistentRead: input.consistent,
  });
  return {
    items: (answer.Items ?? []).map(fromAttributes),
    ...(answer.LastEvaluatedKey && { lastKey: fromAttributes(answer.LastEvaluatedKey) }),
  };
}

/** The names and values of several expressions in the form that the SDK takes. */
export function placeholders(...expressions: (Expression | undefined)[]) {
  const names = Object.assign({}, ...expressions.map((expression) => expression?.names)) as Record<
    string,
    string
  >;
  const values = Object.assign({}, ...expressions.map((expression) => expression?.values)) as Item;
  return {
    ...(Object.keys(names).length > 0 && { ExpressionAttributeNames: names }),
    ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: toAttributes(values) }),
  };
}

function conditionInput(condition: Expression | undefined) {
  if (!condition) return {};
  return {
    ConditionExpression: condition.text,
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
    ...placeholders(condition),
  };
}

async function refusingConditions<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof DynamoRefusal && error.name === 'ConditionalCheckFailedException') {
      const current = error.body.Item as Attributes | undefined;
      throw new ConditionFailed(current && fromAttributes(current));
    }
    throw error;
  }
}
