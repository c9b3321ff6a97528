import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { FailureDestination } from '../lambda/failure-destination.ts';
import { localRetryMilliseconds } from '../lambda/local-retry.ts';
import { StartError } from '../start-error.ts';
import type {
  LambdaService,
  ProviderMap,
  ProvidingService,
  ResolvedResource,
  RuntimeContext,
  StreamTrimmer,
} from '../types.ts';
import { type QueueMappingSettings, readMapping, type StreamMappingSettings } from './mapping-settings.ts';
import { QueuePoller } from './queue-poller.ts';
import { StreamPoller } from './stream-poller.ts';

export interface EventSourceOptions {
  lambda: LambdaService;
  /** Absent: the backend looks after its own old records. */
  streams?: StreamTrimmer;
  /**
   * Milliseconds between two polls of a stream where nothing happens. 80 keeps a change below 100 ms on its way
   * to its function; where {@link EventSourceService.wake} is called with each write, a second is enough.
   */
  longestIdle?: number;
}

export interface EventSourceService extends ProvidingService {
  /** Something was written to this table; to any table, when the name is not known. */
  wake(tableName?: string): void;
}

const defaultLongestIdle = 80;

/** Polls the queues and streams of the template's event source mappings and invokes their functions. */
export function createEventSourceService(
  context: RuntimeContext,
  options: EventSourceOptions,
): EventSourceService {
  return new LocalEventSources(context, options);
}

class LocalEventSources implements EventSourceService {
  readonly providers: ProviderMap;
  readonly #context: RuntimeContext;
  readonly #options: EventSourceOptions;
  readonly #mappings: (QueueMappingSettings | StreamMappingSettings)[] = [];
  readonly #destination: FailureDestination;
  readonly #retryAfter = localRetryMilliseconds();
  #queues: QueuePoller[] = [];
  #streams: StreamPoller[] = [];

  constructor(context: RuntimeContext, options: EventSourceOptions) {
    this.#context = context;
    this.#options = options;
    this.#destination = new FailureDestination(context.aws);
    this.providers = {
      'AWS::Lambda::EventSourceMapping': { create: (resource) => this.#create(resource) },
    };
  }

  /** @throws {StartError} naming a queue whose visibility timeout ends before its function may */
  async start(): Promise<void> {
    for (const settings of this.#mappings) {
      if (settings.kind === 'queue') this.#queues.push(await this.#queuePoller(settings));
    }
    this.#streams = this.#streamPollers();
    for (const poller of [...this.#queues, ...this.#streams]) poller.start();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#queues, ...this.#streams].map((poller) => poller.stop()));
  }

  wake(tableName?: string): void {
    for (const stream of this.#streams) {
      if (tableName === undefined || stream.tableName === tableName) stream.wake();
    }
  }

  #create(resource: ResolvedResource) {
    const settings = readMapping(resource);
    // Fails here, and not with the first event, when the function is not in the template.
    if (settings) this.#options.lambda.timeoutSeconds(settings.functionName);
    if (settings) this.#mappings.push(settings);
    const id = randomUUID();
    const { region, accountId } = this.#context.settings;
    const arn = `arn:aws:lambda:${region}:${accountId}:event-source-mapping:${id}`;
    return { ref: id, attributes: { Id: id, EventSourceMappingArn: arn } };
  }

  async #queuePoller(settings: QueueMappingSettings): Promise<QueuePoller> {
    const { aws, log } = this.#context;
    const { lambda } = this.#options;
    const queueUrl = await this.#destination.queueUrl(settings.sourceArn);
    const { Attributes } = await aws.call('sqs', 'GetQueueAttributes', {
      QueueUrl: queueUrl,
      AttributeNames: ['VisibilityTimeout'],
    });
    const visibility = Number((Attributes as Record<string, string> | undefined)?.VisibilityTimeout);
    const timeout = lambda.timeoutSeconds(settings.functionName);
    if (visibility < timeout) {
      throw new StartError(
        `${settings.id} (AWS::Lambda::EventSourceMapping): Queue visibility timeout: ${visibility} seconds is less than Function timeout: ${timeout} seconds`,
      );
    }
    return new QueuePoller(settings, { aws, lambda, queueUrl, log, retryAfter: this.#retryAfter });
  }

  #streamPollers(): StreamPoller[] {
    const streams = this.#mappings.filter((settings) => settings.kind === 'stream');
    const readers = new Map<string, Map<string, string>>();
    return streams.map((settings) => {
      const positions = readers.get(settings.tableName) ?? new Map<string, string>();
      readers.set(settings.tableName, positions.set(settings.id, ''));
      return new StreamPoller(settings, {
        aws: this.#context.aws,
        lambda: this.#options.lambda,
        metrics: this.#context.metrics,
        destination: this.#destination,
        retryLimit: Math.max(100, this.#retryAfter),
        checkpointPath: join(this.#context.settings.dataDir, 'event-sources', `${settings.id}.json`),
        longestIdle: this.#options.longestIdle ?? defaultLongestIdle,
        onCheckpoint: (sequenceNumber) => {
          positions.set(settings.id, sequenceNumber);
          this.#trim(settings.tableName, positions);
        },
        log: this.#context.log,
      });
    });
  }

  /** Frees what every consumer of the table is done with. */
  #trim(tableName: string, positions: Map<string, string>): void {
    const numbers = [...positions.values()];
    if (numbers.includes('')) return;
    const lowest = numbers.reduce((a, b) => (BigInt(a) < BigInt(b) ? a : b));
    this.#options.streams?.trim(tableName, lowest);
  }
}
