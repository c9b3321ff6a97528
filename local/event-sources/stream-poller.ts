import { setTimeout as sleep } from 'node:timers/promises';
import type { FailureDestination } from '../lambda/failure-destination.ts';
import type { AwsClient, LambdaService, MetricSink } from '../types.ts';
import { CheckpointStore } from './checkpoint-store.ts';
import { IdleWait } from './idle-wait.ts';
import type { StreamMappingSettings } from './mapping-settings.ts';
import { ShardReader } from './shard-reader.ts';
import { StreamDelivery } from './stream-delivery.ts';

export interface StreamPollerDependencies {
  aws: AwsClient;
  lambda: LambdaService;
  metrics: MetricSink;
  destination: FailureDestination;
  /** Milliseconds; see `local-retry.ts`. */
  retryLimit: number;
  checkpointPath: string;
  /** Milliseconds between two polls of a stream where nothing happens. */
  longestIdle: number;
  onCheckpoint(sequenceNumber: string): void;
  log(line: string): void;
}

interface Shard {
  ShardId: string;
  ParentShardId?: string;
}

/** The first retry comes soon: most failures are conflicts that are over at once. */
const firstRetry = 100;

/** Feeds a function from a table's stream, shard by shard, a child after its parent. */
export class StreamPoller {
  readonly #settings: StreamMappingSettings;
  readonly #dependencies: StreamPollerDependencies;
  readonly #stop = new AbortController();
  readonly #waits = new Set<IdleWait>();
  readonly #finished = new Set<string>();
  #loop: Promise<void> | undefined;

  constructor(settings: StreamMappingSettings, dependencies: StreamPollerDependencies) {
    this.#settings = settings;
    this.#dependencies = dependencies;
  }

  get tableName(): string {
    return this.#settings.tableName;
  }

  start(): void {
    this.#loop ??= this.#follow();
  }

  /** There is news in the stream. */
  wake(): void {
    for (const idle of this.#waits) idle.wake();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.wake();
    await this.#loop;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const backendArn = await this.#backendArn();
        const checkpoints = new CheckpointStore(this.#dependencies.checkpointPath, backendArn);
        for (;;) await this.#readOpenShards(backendArn, checkpoints);
      } catch (error) {
        if (signal.aborted) return;
        this.#dependencies.log(`${this.#settings.sourceArn}: ${error}`);
        await sleep(1000, undefined, { signal }).catch(() => {});
      }
    }
  }

  /** The backend has its own account and region in the ARN; the label after the last slash is the same. */
  async #backendArn(): Promise<string> {
    const { aws } = this.#dependencies;
    const { tableName, sourceArn } = this.#settings;
    const answer = await aws.call('dynamodbstreams', 'ListStreams', { TableName: tableName });
    const streams = (answer.Streams ?? []) as { StreamArn: string; StreamLabel: string }[];
    const found = streams.find(({ StreamLabel }) => sourceArn.endsWith(`/${StreamLabel}`)) ?? streams.at(-1);
    if (!found) throw new Error('the table has no stream');
    return found.StreamArn;
  }

  async #readOpenShards(backendArn: string, checkpoints: CheckpointStore): Promise<void> {
    const shards = await this.#shards(backendArn);
    const known = new Set(shards.map(({ ShardId }) => ShardId));
    const blocked = ({ ParentShardId: parent }: Shard) =>
      parent !== undefined && known.has(parent) && !this.#finished.has(parent);
    const ready = shards.filter((shard) => !this.#finished.has(shard.ShardId) && !blocked(shard));
    if (ready.length === 0) await sleep(1000, undefined, { signal: this.#stop.signal });
    const readers = ready.map(async ({ ShardId }) => {
      const idle = new IdleWait(this.#dependencies.longestIdle);
      this.#waits.add(idle);
      try {
        await this.#reader(ShardId, backendArn, checkpoints, idle).run();
        this.#finished.add(ShardId);
      } finally {
        this.#waits.delete(idle);
      }
    });
    const ends = await Promise.allSettled(readers);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  async #shards(backendArn: string): Promise<Shard[]> {
    const input = { StreamArn: backendArn };
    const answer = await this.#dependencies.aws.call('dynamodbstreams', 'DescribeStream', input);
    return (answer.StreamDescription as { Shards?: Shard[] } | undefined)?.Shards ?? [];
  }

  #reader(shardId: string, backendArn: string, checkpoints: CheckpointStore, idle: IdleWait): ShardReader {
    const { aws, lambda, metrics, destination, retryLimit, onCheckpoint, log } = this.#dependencies;
    const { signal } = this.#stop;
    return new ShardReader(shardId, this.#settings, {
      aws,
      backendArn,
      checkpoints,
      idle,
      signal,
      onCheckpoint,
      log,
      delivery: new StreamDelivery(this.#settings, {
        lambda,
        metrics,
        destination,
        retryAfter: firstRetry,
        retryLimit,
        signal,
        log,
      }),
    });
  }
}
