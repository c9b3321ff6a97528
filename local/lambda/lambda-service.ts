import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { StartError } from '../start-error.ts';
import {
  AwsError,
  type InvocationResult,
  type InvocationSource,
  type InvokeOptions,
  type LambdaService,
  type ProviderMap,
  type ProvidingService,
  type ResolvedResource,
  type RuntimeContext,
} from '../types.ts';
import {
  AsyncInvoker,
  type AsyncSettings,
  defaultAsyncSettings,
  readAsyncSettings,
} from './async-invoker.ts';
import { FailureDestination, requireQueueArn } from './failure-destination.ts';
import { FunctionLog } from './function-log.ts';
import { lineSplitter } from './function-output.ts';
import { type FunctionSettings, readFunction } from './function-settings.ts';
import { localRetryMilliseconds } from './local-retry.ts';
import { machineLoad } from './machine-load.ts';
import { isPermitted, type ResourcePermission, readPermission } from './resource-policy.ts';
import { Sandbox, type SandboxOutcome } from './sandbox.ts';
import { sandboxEnvironment } from './sandbox-environment.ts';
import { defaultPoolLimits, type PoolLimits, SandboxPool } from './sandbox-pool.ts';
import { invocationTrace } from './trace-header.ts';

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, synchronous and asynchronous. */
const largestPayload = { sync: 6_291_456, async: 1_048_576 };

/** How many functions load their handler at the same time when the runtime starts. */
const startsAtOnce = 2;

export interface LambdaServiceOptions {
  /** Takes each line that a function writes in the embedded metric format. */
  onMetricLine(line: string, functionName: string): void;
  limits?: Partial<PoolLimits>;
}

interface LocalFunction {
  settings: FunctionSettings;
  pool: SandboxPool;
  log: FunctionLog;
  permissions: ResourcePermission[];
  async: AsyncSettings;
}

/** Runs the template's functions from the asset bundles that deploy. */
export function createLambdaService(
  context: RuntimeContext,
  options: LambdaServiceOptions,
): LambdaService & ProvidingService {
  return new LocalLambda(context, options);
}

class LocalLambda implements LambdaService, ProvidingService {
  readonly providers: ProviderMap;
  readonly #context: RuntimeContext;
  readonly #options: LambdaServiceOptions;
  readonly #functions = new Map<string, LocalFunction>();
  readonly #async: AsyncInvoker;
  readonly #machineIsBusy = machineLoad();

  constructor(context: RuntimeContext, options: LambdaServiceOptions) {
    this.#context = context;
    this.#options = options;
    this.#async = new AsyncInvoker({
      invoke: (name, payload, traceHeader) => this.invoke(name, payload, { traceHeader }),
      destination: new FailureDestination(context.aws),
      metrics: context.metrics,
      retryAfter: localRetryMilliseconds(),
      log: context.log,
    });
    this.providers = {
      'AWS::Lambda::Function': { create: (resource) => this.#createFunction(resource) },
      'AWS::Lambda::Permission': { create: (resource) => this.#createPermission(resource) },
      'AWS::Lambda::EventInvokeConfig': { create: (resource) => this.#createAsyncConfig(resource) },
    };
  }

  /**
   * Loads every handler, so that the first requests find warm sandboxes.
   * @throws {StartError} naming the function whose handler cannot be loaded
   */
  async start(): Promise<void> {
    // A worker's time zone is the process's, and Lambda's is UTC.
    process.env.TZ = 'UTC';
    const waiting = [...this.#functions.values()];
    const lane = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) await this.#warm(next);
    };
    await Promise.all(Array.from({ length: startsAtOnce }, lane));
  }

  async stop(): Promise<void> {
    this.#async.stop();
    const functions = [...this.#functions.values()];
    await Promise.all(functions.map(({ pool }) => pool.stop()));
    await Promise.all(functions.map(({ log }) => log.close()));
  }

  async invoke(
    functionName: string,
    payload: unknown,
    { source, traceHeader }: InvokeOptions = {},
  ): Promise<InvocationResult> {
    const target = this.#find(functionName);
    this.#authorize(target, source);
    const request = {
      requestId: randomUUID(),
      payload: serialise(payload, largestPayload.sync),
      traceHeader: invocationTrace(traceHeader),
    };
    const outcome = await target.pool.run(request);
    if (outcome.error) this.#report(target, request.requestId, outcome);
    return {
      requestId: request.requestId,
      durationMs: outcome.durationMs,
      ...(outcome.error ? { error: outcome.error } : { payload: JSON.parse(outcome.payload ?? 'null') }),
    };
  }

  async invokeAsync(
    functionName: string,
    payload: unknown,
    { source, traceHeader }: InvokeOptions = {},
  ): Promise<void> {
    const target = this.#find(functionName);
    this.#authorize(target, source);
    serialise(payload, largestPayload.async);
    this.#async.submit(target.settings, target.async, payload, traceHeader);
  }

  permits(functionName: string, source: InvocationSource): boolean {
    return isPermitted(this.#find(functionName).permissions, source);
  }

  timeoutSeconds(functionName: string): number {
    return this.#find(functionName).settings.timeoutSeconds;
  }

  #createFunction(resource: ResolvedResource) {
    const settings = readFunction(resource, this.#context.settings, this.#context.assets);
    if (this.#functions.has(settings.name)) throw new Error(`There are two functions named ${settings.name}`);
    if (settings.deadLetterArn) requireQueueArn(settings.deadLetterArn, 'Dead-letter target');
    const log = new FunctionLog(join(this.#context.settings.dataDir, 'logs', `${settings.name}.log`));
    const limits = { ...defaultPoolLimits, ...this.#options.limits };
    const launch = () => this.#launch(settings, log);
    const pool = new SandboxPool(settings, launch, this.#context.metrics, limits, this.#machineIsBusy);
    const async = defaultAsyncSettings;
    this.#functions.set(settings.name, { settings, pool, log, permissions: [], async });
    return { ref: settings.name, attributes: { Arn: settings.arn } };
  }

  #createPermission(resource: ResolvedResource) {
    const { functionName, permission } = readPermission(resource);
    this.#find(functionName).permissions.push(permission);
    return { ref: resource.logicalId, attributes: { Id: resource.logicalId } };
  }

  #createAsyncConfig(resource: ResolvedResource) {
    const { functionName, settings } = readAsyncSettings(resource);
    this.#find(functionName).async = settings;
    return { ref: resource.logicalId, attributes: {} };
  }

  #launch(settings: FunctionSettings, log: FunctionLog): Sandbox {
    const lines = lineSplitter({
      metric: (line) => this.#options.onMetricLine(line, settings.name),
      text: (line) => log.write(line),
    });
    return new Sandbox(settings, sandboxEnvironment(settings, this.#context.credentials), lines);
  }

  async #warm({ settings, pool }: LocalFunction): Promise<void> {
    try {
      await pool.warm();
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new StartError(
        `${settings.logicalId} (AWS::Lambda::Function ${settings.name}) does not start: ${why}`,
      );
    }
  }

  #find(nameOrArn: string): LocalFunction {
    const name = /^arn:[^:]+:lambda:[^:]+:[^:]+:function:([^:]+)/.exec(nameOrArn)?.[1] ?? nameOrArn;
    const found = this.#functions.get(name);
    if (!found) throw new AwsError('ResourceNotFoundException', `Function not found: ${nameOrArn}`, 404);
    return found;
  }

  #authorize({ settings, permissions }: LocalFunction, source: InvocationSource | undefined): void {
    if (!source || isPermitted(permissions, source)) return;
    const why = `${source.service} may not invoke ${settings.name}: no AWS::Lambda::Permission names ${source.arn}`;
    this.#context.log(why);
    throw new AwsError('AccessDeniedException', why, 403);
  }

  /** The record that Lambda writes to the function's log. */
  #report({ settings, log }: LocalFunction, requestId: string, { error, stack }: SandboxOutcome): void {
    if (!error) return;
    const { errorType, errorMessage, kind } = error;
    const timestamp = new Date().toISOString();
    const record = { timestamp, level: 'ERROR', requestId, errorType, errorMessage, stack };
    log.write(JSON.stringify(record));
    if (kind === 'handled') return;
    this.#context.log(`${settings.name} [${requestId}] ${errorType}: ${errorMessage}`);
  }
}

/** @throws {AwsError} `RequestTooLargeException` */
function serialise(payload: unknown, largest: number): string {
  const text = JSON.stringify(payload ?? null);
  if (text.length > largest / 3 && Buffer.byteLength(text) > largest) {
    const why = `Request must be smaller than ${largest} bytes for the InvokeFunction operation`;
    throw new AwsError('RequestTooLargeException', why, 413);
  }
  return text;
}
