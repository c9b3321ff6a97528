import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { createAppSyncService } from './appsync/appsync-service.ts';
import { readAssembly } from './assembly.ts';
import { createCredentials } from './aws-endpoint/credentials.ts';
import { startAwsEndpoint } from './aws-endpoint/endpoint.ts';
import { createMessageMoveTasks } from './aws-endpoint/message-move-tasks.ts';
import { createCloudWatchService } from './cloudwatch/cloudwatch-service.ts';
import { MetricStore } from './cloudwatch/metric-store.ts';
import { openDataDirectory } from './data-directory.ts';
import { createAwsClient } from './data-services/aws-client.ts';
import { startBackends } from './data-services/backends.ts';
import { sweepExpiredItems } from './data-services/expired-items.ts';
import { closeIdleConnections } from './data-services/http-call.ts';
import { sampleQueues } from './data-services/queue-samples.ts';
import { createEventSourceService } from './event-sources/event-source-service.ts';
import { createHttpService } from './http/http-service.ts';
import { startIdentityService } from './identity/identity-service.ts';
import { createLambdaService } from './lambda/lambda-service.ts';
import { type LocalJson, removeLocalJson, writeLocalJson } from './local-json.ts';
import { readMetricLine } from './metric-line.ts';
import { createOriginRegistry } from './origin-registry.ts';
import { checkPort } from './port-check.ts';
import { checkTypes, createResources, mergeProviders } from './resources/create-resources.ts';
import { dynamoDbProviders } from './resources/dynamodb.ts';
import { createRoles } from './resources/iam.ts';
import { ignoredTypes } from './resources/ignored-types.ts';
import { createBucketProviders } from './resources/s3.ts';
import { createTopicProviders } from './resources/sns.ts';
import { createQueueProviders } from './resources/sqs.ts';
import { isNorthwindLoaded, loadNorthwind } from './sample-data/load-northwind.ts';
import { createSchedulerService } from './scheduler/scheduler-service.ts';
import { startTogether } from './start-together.ts';
import { synthesize } from './synthesize.ts';
import { openTemplate } from './template/stack-template.ts';
import { prepareTenants } from './tenants.ts';
import type { ProvidingService, RuntimeContext, RuntimeSettings } from './types.ts';

export interface RuntimeOptions {
  /** The project: where cdk.json lies. */
  root: string;
  port: number;
  /** Absolute. */
  dataDir: string;
  sampleData: boolean;
  /** Another CDK app than cdk.json's. */
  app?: string;
  /** `AWS_ENDPOINT_URL_<SERVICE>` in here swaps that service. */
  environment: NodeJS.ProcessEnv;
  /** A line for the operator. */
  log(line: string): void;
  /** How far the sample data is, in records. */
  progress(done: number, total: number): void;
}

/** The running stack. */
export interface Runtime {
  local: LocalJson;
  /** Ends when the sample data is in; rejects when the API refuses a row. */
  sampleData: Promise<void>;
  stop(): Promise<void>;
}

const region = 'us-east-1';
/** The account of fauxqs and dynoxide. */
const accountId = '000000000000';

/**
 * Starts the synthesised stack on this machine.
 * @throws {StartError | TemplateError} when the start has to be given up; everything started is stopped again
 */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const running = new AsyncDisposableStack();
  try {
    return await start(options, running);
  } catch (error) {
    await running.disposeAsync();
    throw error;
  }
}

async function start(options: RuntimeOptions, running: AsyncDisposableStack): Promise<Runtime> {
  const { root, port, dataDir, environment, log } = options;
  await checkPort(port);
  const data = openDataDirectory(dataDir);
  running.defer(() => data.release());
  removeLocalJson(dataDir);

  // What needs no template starts while it is synthesised.
  const settings: RuntimeSettings = {
    region,
    accountId,
    dataDir,
    port,
    origin: `http://localhost:${port}`,
    assemblyDir: join(dataDir, 'assembly'),
  };
  const [, backends, identity] = await startTogether(running, [
    synthesize({ root, assemblyDir: settings.assemblyDir, app: options.app }),
    startBackends(dataDir, region, environment, log),
    startIdentityService(settings, data),
  ]);
  running.defer(closeIdleConnections);
  const { template, stackName, assets } = readAssembly(settings.assemblyDir);

  // The services, each of which makes the resource types that are its own.
  const store = new MetricStore();
  const aws = createAwsClient(backends, region);
  let endpointUrl = '';
  const credentials = createCredentials(region, () => endpointUrl);
  const origins = createOriginRegistry();
  const context: RuntimeContext = { settings, metrics: store, aws, assets, credentials, origins, log };

  const roles = createRoles(settings);
  const queues = createQueueProviders(context, () => endpointUrl);
  const buckets = createBucketProviders(context, backends, stackName);
  const topics = createTopicProviders(context, backends);
  const expired = backends.dynoxide && sweepExpiredItems(backends.dynoxide.databasePath, aws);
  running.defer(() => expired?.stop());
  const lambda = createLambdaService(context, { onMetricLine: (line) => readMetricLine(line, store, log) });
  const eventSources = createEventSourceService(context, {
    lambda,
    streams: backends.streamRecords,
    // Every write of a function passes the AWS endpoint, which wakes the pollers.
    longestIdle: backends.isForeign('dynamodb') ? undefined : 1000,
  });
  const scheduler = createSchedulerService(context, { lambda });
  const appSync = createAppSyncService(context, { lambda });
  const http = createHttpService(context, { lambda });
  const cloudWatch = createCloudWatchService(context, {
    store,
    publish: topics.publish,
    sampleQueues: () => sampleQueues(aws, queues, backends.fauxqs),
  });

  // The one address that functions know as AWS.
  const endpoint = await startAwsEndpoint(
    {
      backends,
      credentials,
      cloudWatch: cloudWatch.api,
      metrics: store,
      moveTasks: backends.isForeign('sqs') ? undefined : createMessageMoveTasks(aws, queues.urlOf),
      cors: buckets.cors,
      scope: settings,
      onWrite: eventSources.wake.bind(eventSources),
    },
    Number(data.read('aws-endpoint-port')) || undefined,
  );
  running.defer(() => endpoint.stop());
  endpointUrl = endpoint.url;
  data.write('aws-endpoint-port', new URL(endpoint.url).port);

  // The template: which of all that exists.
  const services: ProvidingService[] = [cloudWatch, lambda, appSync, http, eventSources, scheduler];
  const providers = mergeProviders(
    dynamoDbProviders(context, expired),
    queues.providers,
    topics.providers,
    buckets.providers,
    roles.providers,
    identity.providers,
    ...services.map((service) => service.providers),
    ignoredTypes(settings),
  );
  checkTypes(template, providers);
  const stackUuid = data.keep('stack-id', randomUUID);
  const stack = openTemplate(template, { region, accountId, stackName, stackUuid });
  await createResources(stack, providers);
  for (const service of services) {
    running.defer(() => service.stop?.());
    await service.start?.();
  }

  const outputs = stack.outputs();
  const local: LocalJson = {
    url: settings.origin,
    graphqlUrl: `${settings.origin}/api/graphql`,
    realtimeUrl: String(outputs.RealtimeUrl ?? ''),
    tenants: await prepareTenants(settings.origin, identity.issueToken, data),
    issuer: identity.issuer,
    inspectUrl: `${endpoint.url}/_calls`,
    pid: process.pid,
    sampleData: 'none',
  };
  const publish = (sampleData: LocalJson['sampleData']) => {
    local.sampleData = sampleData;
    writeLocalJson(dataDir, local);
  };
  running.defer(() => removeLocalJson(dataDir));

  const stopping = new AbortController();
  running.defer(() => stopping.abort());
  const loaded = isNorthwindLoaded(data);
  publish(loaded ? 'loaded' : options.sampleData ? 'loading' : 'none');
  const sampleData =
    loaded || !options.sampleData
      ? Promise.resolve()
      : loadNorthwind({
          url: settings.origin,
          token: local.tenants[0]?.tokens.owner ?? '',
          data,
          progress: options.progress,
          signal: stopping.signal,
        }).then(() => publish('loaded'));

  return { local, sampleData, stop: () => running.disposeAsync() };
}
