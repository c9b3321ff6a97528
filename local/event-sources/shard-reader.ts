import { setTimeout as sleep } from 'node:timers/promises';
import { type AwsClient, AwsError } from '../types.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import type { IdleWait } from './idle-wait.ts';
import type { StreamMappingSettings } from './mapping-settings.ts';
import { Progress } from './progress.ts';
import { ReadingPace } from './reading-pace.ts';
import { RecordLane } from './record-lane.ts';
import type { StreamDelivery } from './stream-delivery.ts';
import { lambdaRecord, laneOf, type StreamRecord } from './stream-record.ts';

export interface ShardReaderDependencies {
  aws: AwsClient;
  /** The stream's ARN at the backend; the template's has the local account. */
  backendArn: string;
  checkpoints: CheckpointStore;
  delivery: StreamDelivery;
  idle: IdleWait;
  signal: AbortSignal;
  /** Everything up to this number is done and saved. */
  onCheckpoint(sequenceNumber: string): void;
  log(line: string): void;
}

/** A lane works on this many batches' worth of records before reading waits for it. */
const bufferedBatches = 3;

/** `GetRecords` answers no more. */
const largestRead = 1000;

/**
 * Reads one shard and works on it in lanes (ParallelizationFactor): changes of one item stay in order, those of
 * different items may overtake each other.
 */
export class ShardReader {
  readonly #shardId: string;
  readonly #settings: StreamMappingSettings;
  readonly #dependencies: ShardReaderDependencies;
  readonly #progress = new Progress();
  readonly #lanes: RecordLane[];
  #read: string | undefined;
  #failure: { error: unknown } | undefined;

  constructor(shardId: string, settings: StreamMappingSettings, dependencies: ShardReaderDependencies) {
    this.#shardId = shardId;
    this.#settings = settings;
    this.#dependencies = dependencies;
    this.#read = dependencies.checkpoints.get(shardId);
    this.#lanes = Array.from({ length: settings.parallelizationFactor }, () => new RecordLane(settings));
  }

  /**
   * Resolves when the shard is closed and everything in it is done.
   * @throws when `signal` is aborted, or when the position cannot be saved; nothing is under way any more then
   */
  async run(): Promise<void> {
    const closed = new AbortController();
    const fail = (error: unknown) => {
      this.#failure ??= { error };
      this.#dependencies.idle.wake();
    };
    const lanes = this.#lanes.map((lane) => this.#work(lane, closed.signal).catch(fail));
    await this.#readAll().catch(fail);
    closed.abort();
    for (const lane of this.#lanes) lane.changed();
    await Promise.all(lanes);
    if (this.#failure) throw this.#failure.error;
  }

  async #readAll(): Promise<void> {
    const { signal, idle } = this.#dependencies;
    const pace = new ReadingPace();
    let iterator = await this.#iterator();
    while (iterator !== undefined) {
      signal.throwIfAborted();
      if (this.#failure) return;
      const answer = await this.#getRecords(iterator);
      iterator = answer.next;
      if (answer.records.length === 0) {
        pace.reset();
        if (iterator !== undefined) await idle.pause();
        continue;
      }
      idle.reset();
      this.#dispatch(answer.records);
      // A full answer means that more is waiting.
      if (answer.records.length < largestRead) await sleep(pace.next(), undefined, { signal });
      const most = bufferedBatches * this.#settings.batchSize;
      while (this.#lanes.some((lane) => lane.size >= most) && !this.#failure)
        await sleep(5, undefined, { signal });
    }
  }

  async #iterator(): Promise<string | undefined> {
    const { aws, backendArn, signal } = this.#dependencies;
    // LATEST is where the mapping began to exist: records older than it are left out when they are read.
    const position = this.#read
      ? { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', SequenceNumber: this.#read }
      : { ShardIteratorType: 'TRIM_HORIZON' };
    const input = { StreamArn: backendArn, ShardId: this.#shardId, ...position };
    const { ShardIterator } = await aws.call('dynamodbstreams', 'GetShardIterator', input, signal);
    return ShardIterator as string | undefined;
  }

  async #getRecords(iterator: string): Promise<{ records: StreamRecord[]; next: string | undefined }> {
    const { aws, signal, log } = this.#dependencies;
    try {
      const input = { ShardIterator: iterator, Limit: largestRead };
      const answer = await aws.call('dynamodbstreams', 'GetRecords', input, signal);
      const records = (answer.Records ?? []) as StreamRecord[];
      return { records, next: answer.NextShardIterator as string | undefined };
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof AwsError)) throw error;
      if (error.code === 'TrimmedDataAccessException') this.#read = undefined;
      else if (error.code !== 'ExpiredIteratorException')
        log(`${this.#settings.sourceArn}: ${error.message}`);
      await sleep(1000, undefined, { signal });
      return { records: [], next: await this.#iterator() };
    }
  }

  #dispatch(records: StreamRecord[]): void {
    const { sourceArn, filter, startingPosition } = this.#settings;
    const unwanted: string[] = [];
    for (const backendRecord of records) {
      const { SequenceNumber, ApproximateCreationDateTime } = backendRecord.dynamodb;
      this.#progress.add(SequenceNumber);
      this.#read = SequenceNumber;
      const record = lambdaRecord(backendRecord, sourceArn);
      // The backend's times are whole seconds.
      const tooEarly = ApproximateCreationDateTime < Math.floor(this.#dependencies.checkpoints.createdAt);
      if ((startingPosition === 'LATEST' && tooEarly) || !filter(record)) unwanted.push(SequenceNumber);
      else this.#lanes[laneOf(record, this.#lanes.length)]?.add(record);
    }
    if (unwanted.length > 0) this.#done(unwanted);
  }

  async #work(lane: RecordLane, closed: AbortSignal): Promise<void> {
    for (;;) {
      const batch = await lane.next(closed);
      if (!batch || this.#failure) return;
      await this.#dependencies.delivery.deliver(this.#shardId, batch, (records) =>
        this.#done(records.map(({ dynamodb }) => dynamodb.SequenceNumber)),
      );
    }
  }

  #done(sequenceNumbers: string[]): void {
    const reached = this.#progress.done(sequenceNumbers);
    if (reached === undefined) return;
    this.#dependencies.checkpoints.set(this.#shardId, reached);
    this.#dependencies.onCheckpoint(reached);
  }
}
