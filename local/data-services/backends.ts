import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Service } from '../types.ts';
import { type Dynoxide, startDynoxide } from './dynoxide.ts';
import { type Fauxqs, startFauxqs } from './fauxqs.ts';
import { openStreamRecords, type StreamRecords } from './stream-records.ts';

export type BackendName = 'dynamodb' | 'dynamodbstreams' | 'sqs' | 'sns' | 's3';

/** Where the data services answer: ours, or the ones that the environment points to. */
export interface Backends extends Service {
  urls: Record<BackendName, URL>;
  /** True for a service that somebody else runs; its requests are signed for it. */
  isForeign(name: BackendName): boolean;
  /** Only for our own DynamoDB. */
  streamRecords?: StreamRecords;
  dynoxide?: Dynoxide;
  fauxqs?: Fauxqs;
  stop(): Promise<void>;
}

/** The SDK's own variables: a service named here is not started by us. */
const variables: Record<BackendName, string> = {
  dynamodb: 'AWS_ENDPOINT_URL_DYNAMODB',
  dynamodbstreams: 'AWS_ENDPOINT_URL_DYNAMODB_STREAMS',
  sqs: 'AWS_ENDPOINT_URL_SQS',
  sns: 'AWS_ENDPOINT_URL_SNS',
  s3: 'AWS_ENDPOINT_URL_S3',
};

/** Starts dynoxide and fauxqs, each unless everything it would serve is elsewhere. */
export async function startBackends(
  dataDir: string,
  region: string,
  environment: NodeJS.ProcessEnv,
  log: (line: string) => void,
): Promise<Backends> {
  const foreign = foreignEndpoints(environment);
  const needsQueues = !(foreign.sqs && foreign.sns && foreign.s3);
  const directory = (name: string) => {
    mkdirSync(join(dataDir, name), { recursive: true });
    return join(dataDir, name);
  };
  const [dynoxide, fauxqs] = await Promise.all([
    foreign.dynamodb ? undefined : startDynoxide(directory('dynamodb'), log),
    needsQueues ? startFauxqs(directory('queues-and-files'), region) : undefined,
  ]);
  const streamRecords = dynoxide && openStreamRecords(dynoxide.databasePath);

  const ours = (url: string | undefined) => new URL(url ?? 'http://127.0.0.1:1');
  const dynamodb = foreign.dynamodb ?? ours(dynoxide?.url);
  const queues = ours(fauxqs?.url);
  return {
    urls: {
      dynamodb,
      dynamodbstreams: foreign.dynamodbstreams ?? dynamodb,
      sqs: foreign.sqs ?? queues,
      sns: foreign.sns ?? queues,
      s3: foreign.s3 ?? queues,
    },
    isForeign: (name) =>
      foreign[name === 'dynamodbstreams' && !foreign[name] ? 'dynamodb' : name] !== undefined,
    streamRecords,
    dynoxide,
    fauxqs,
    async stop() {
      await Promise.all([fauxqs?.stop(), streamRecords?.stop()]);
      await dynoxide?.stop();
    },
  };
}

function foreignEndpoints(environment: NodeJS.ProcessEnv): Partial<Record<BackendName, URL>> {
  const endpoints: Partial<Record<BackendName, URL>> = {};
  for (const [name, variable] of Object.entries(variables)) {
    const value = environment[variable];
    if (value) endpoints[name as BackendName] = new URL(value);
  }
  return endpoints;
}
