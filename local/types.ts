/** What the parts of the local runtime know of one another. */

/** A CloudFormation template as JSON, as far as the runtime reads it. */
export interface Template {
  Parameters?: Record<string, { Type: string; Default?: string }>;
  Conditions?: Record<string, unknown>;
  Mappings?: Record<string, unknown>;
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

/** Starts when every resource exists; stops in reverse order. */
export interface Service {
  start?(): Promise<void>;
  stop?(): Promise<void>;
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
  error?: { errorType: string; errorMessage: string; kind: 'handled' | 'timeout' | 'exit' | 'out-of-memory' };
  /** Wall time of the handler in milliseconds; start-up of a sandbox is not in it. */
  durationMs: number;
}

/** Runs the functions of the template in sandboxes. */
export interface LambdaService {
  /**
   * @param functionName name or ARN
   * @throws {ThrottledError} when the concurrency limit stays reached
   */
  invoke(functionName: string, payload: unknown): Promise<InvocationResult>;
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
