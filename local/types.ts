/** What the parts of the local runtime know of one another. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** A CloudFormation template as JSON, as far as the runtime reads it. */
export interface Template {
  Parameters?: Record<string, { Type: string; Default?: string }>;
  Conditions?: Record<string, unknown>;
  Mappings?: Record<string, Record<string, Record<string, unknown>>>;
  Resources: Record<string, TemplateResource>;
  Outputs?: Record<string, { Value: unknown; Description?: string }>;
}

export interface TemplateResource {
  Type: string;
  Properties?: Record<string, unknown>;
  DependsOn?: string | string[];
  Condition?: string;
  Metadata?: Record<string, unknown>;
}

/** A resource whose intrinsics are resolved, ready to be created. */
export interface ResolvedResource {
  logicalId: string;
  type: string;
  properties: Record<string, unknown>;
}

/** What `Ref` and `Fn::GetAtt` give for a created resource. */
export interface CreatedResource {
  ref: string;
  attributes: Record<string, string>;
}

/** Makes the local counterpart of one CloudFormation resource type. */
export interface ResourceProvider {
  create(resource: ResolvedResource): Promise<CreatedResource> | CreatedResource;
}

/** CloudFormation type → provider, e.g. `{ 'AWS::SQS::Queue': … }`. A type has exactly one owner. */
export type ProviderMap = Record<string, ResourceProvider>;

/** Starts when every resource exists; stops in reverse order. */
export interface Service {
  start?(): Promise<void>;
  stop?(): Promise<void>;
}

/**
 * What every part of the runtime exports: `createXService(context, …its own needs): XService`, where
 * `XService extends ProvidingService`. The runtime merges all `providers`, creates the template's
 * resources with them in dependency order, then calls each `start`.
 */
export interface ProvidingService extends Service {
  providers: ProviderMap;
}

/** What the runtime hands to each service factory. */
export interface RuntimeContext {
  settings: RuntimeSettings;
  metrics: MetricSink;
  aws: AwsClient;
  assets: AssetLocator;
  credentials: FunctionCredentials;
  origins: OriginRegistry;
  /** One line for the operator on stderr; the runtime adds the prefix and the line end. */
  log(line: string): void;
}

/** Where the assembly keeps what the template names by bucket and key. */
export interface AssetLocator {
  /**
   * @param s3Key the `S3Key` of a function's code, resolved
   * @returns absolute path of the asset: a directory for bundles, a file for single files
   * @throws {Error} when the manifest has no such asset
   */
  path(s3Key: string): string;
}

/** Gives a sandbox the environment by which the SDK reaches the local AWS endpoint as its role. */
export interface FunctionCredentials {
  /** `AWS_REGION`, the three credential variables and `AWS_ENDPOINT_URL_<SERVICE>` of every local service. */
  environment(roleArn: string): Record<string, string>;
  /** Whose access key this is, e.g. from the `Credential=` of an Authorization header; undefined for a stranger's. */
  principalOf(accessKeyId: string): Principal | undefined;
}

export type AwsServiceName = 'dynamodb' | 'dynamodbstreams' | 'sqs' | 's3' | 'sns' | 'cloudwatch';

/** A backend's refusal, or a service's own (thrown by `CloudWatchApi`): travels to the caller unchanged. */
export class AwsError extends Error {
  override readonly name = 'AwsError';
  /** Without namespace: `ResourceNotFoundException`. */
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/**
 * The runtime's own calls (stream and queue polling, table creation): AWS JSON protocol straight to the
 * backends, past authorisation and call counting.
 */
export interface AwsClient {
  /**
   * @param operation as in the API reference, e.g. `ReceiveMessage`
   * @param signal ends a long poll at once when the runtime stops
   * @throws {AwsError} the service's refusal; network failures as code `ServiceUnavailable`, status 503
   */
  call(
    service: 'dynamodb' | 'dynamodbstreams' | 'sqs',
    operation: string,
    input: object,
    signal?: AbortSignal,
  ): Promise<Record<string, unknown>>;
}

/** Frees stream records that every consumer is done with; dynoxide itself keeps them all. */
export interface StreamTrimmer {
  /** `sequenceNumber` and everything older of this table's stream is read for good. Cheap; batches inside. */
  trim(tableName: string, sequenceNumber: string): void;
}

/** The public origin finds the parts behind CloudFront by the host name that the template gives them. */
export interface OriginRegistry {
  /** @param host as in `Origins[].DomainName`, e.g. `abc.execute-api.us-east-1.amazonaws.com` */
  register(host: string, origin: HttpOrigin): void;
  find(host: string): HttpOrigin | undefined;
}

/** A part that answers HTTP in process; `request.url` is already the origin's own path. */
export interface HttpOrigin {
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** WebSocket; absent means refused. */
  upgrade?(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** What answers CloudWatch's API; the AWS endpoint does the wire protocol (dates arrive as `Date`). */
export interface CloudWatchApi {
  /**
   * @param operation `GetMetricData`, `DescribeAlarms`, `ListMetrics`, …
   * @returns the output shape of the API reference, dates as `Date`
   * @throws {AwsError} e.g. `InvalidParameterValue`
   */
  call(operation: string, input: Record<string, unknown>): Promise<Record<string, unknown>>;
}

/** Fixed facts of one run. */
export interface RuntimeSettings {
  /** `us-east-1` style; the region of all local ARNs. */
  region: string;
  /** Twelve digits. */
  accountId: string;
  /** The data directory, absolute. */
  dataDir: string;
  /** The port of the one public origin. */
  port: number;
  /** `http://localhost:<port>` */
  origin: string;
  /** Where the assembly with the assets lies, absolute. */
  assemblyDir: string;
}

/** How one invocation ended. `error` is what Lambda reports as a function error. */
export interface InvocationResult {
  payload?: unknown;
  error?: {
    errorType: string;
    errorMessage: string;
    kind: 'handled' | 'init' | 'timeout' | 'exit' | 'out-of-memory';
  };
  requestId: string;
  /** Wall time of the handler in milliseconds; start-up of a sandbox is not in it. */
  durationMs: number;
}

/** An AWS service that calls by the function's resource policy, e.g. API Gateway with the ARN of the route. */
export interface InvocationSource {
  /** `apigateway.amazonaws.com` */
  service: string;
  arn: string;
}

export interface InvokeOptions {
  /** Checked against the `AWS::Lambda::Permission`s; absent for callers that come with a role. */
  source?: InvocationSource;
  /** `X-Amzn-Trace-Id` of the caller; a new trace when absent. */
  traceHeader?: string;
}

/** Runs the functions of the template in sandboxes. */
export interface LambdaService {
  /**
   * Waits for the answer (`RequestResponse`).
   * @param functionName name or ARN
   * @throws {AwsError} `TooManyRequestsException` 429 when the concurrency limit stays reached,
   *   `AccessDeniedException` 403 when no permission names the source, `ResourceNotFoundException` 404,
   *   `RequestTooLargeException` 413 above 6 MB
   */
  invoke(functionName: string, payload: unknown, options?: InvokeOptions): Promise<InvocationResult>;
  /**
   * Queues the event (`Event`): two retries, then the failure destination or dead-letter queue.
   * @returns once the event is accepted
   * @throws {AwsError} as `invoke`, except for throttling
   */
  invokeAsync(functionName: string, payload: unknown, options?: InvokeOptions): Promise<void>;
  /** Whether a permission of the template lets this source in. */
  permits(functionName: string, source: InvocationSource): boolean;
  /** Seconds that an invocation may take. */
  timeoutSeconds(functionName: string): number;
}

export interface MetricDatum {
  namespace: string;
  name: string;
  dimensions: Record<string, string>;
  value: number;
  unit?: string;
  /** Epoch milliseconds; now when absent. */
  timestamp?: number;
}

/** Takes service metrics and EMF metrics; CloudWatch's local counterpart. */
export interface MetricSink {
  put(datum: MetricDatum): void;
}

/** Who signed a call to the local AWS endpoint. */
export interface Principal {
  /** ARN of the role that the caller runs under; `root` for the runtime's own calls. */
  roleArn: string;
}
