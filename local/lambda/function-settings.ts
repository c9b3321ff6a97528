import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { parseProperties } from '../parse-properties.ts';
import type { AssetLocator, ResolvedResource, RuntimeSettings } from '../types.ts';

/** What the runtime honours of `AWS::Lambda::Function`; a property that is not listed here fails the start. */
const properties = z.strictObject({
  FunctionName: z.string().optional(),
  Handler: z.string(),
  Runtime: z.string(),
  Role: z.string(),
  Code: z.looseObject({ S3Key: z.string().optional() }),
  MemorySize: z.coerce.number().int().min(128).max(10_240).default(128),
  Timeout: z.coerce.number().int().min(1).max(900).default(3),
  ReservedConcurrentExecutions: z.coerce.number().int().min(0).optional(),
  Environment: z.object({ Variables: z.record(z.string(), z.coerce.string()).default({}) }).optional(),
  DeadLetterConfig: z.object({ TargetArn: z.string() }).optional(),
  LoggingConfig: z
    .looseObject({
      LogFormat: z.enum(['Text', 'JSON']).default('Text'),
      ApplicationLogLevel: z.string().default('INFO'),
      LogGroup: z.string().optional(),
    })
    .optional(),
  // Without a local meaning:
  Architectures: z.array(z.string()).optional(),
  Description: z.string().optional(),
  RecursiveLoop: z.string().optional(),
  Tags: z.array(z.unknown()).optional(),
  TracingConfig: z.unknown().optional(),
});

/** One function of the template, ready to be run. */
export interface FunctionSettings {
  logicalId: string;
  name: string;
  arn: string;
  roleArn: string;
  /** `index.handler` */
  handler: string;
  /** The directory of the bundle: `LAMBDA_TASK_ROOT`. */
  taskRoot: string;
  /** Path of the handler's module without its extension. */
  moduleBase: string;
  /** Names to walk from the module's exports to the handler. */
  exportPath: string[];
  memoryMegabytes: number;
  timeoutSeconds: number;
  /** Absent: the account's limit, which locally is the pool's own. */
  reservedConcurrency?: number;
  variables: Record<string, string>;
  logging: { format: 'Text' | 'JSON'; level: string; group: string };
  /** Queue for asynchronous events that failed for good. */
  deadLetterArn?: string;
}

/** The one runtime that the sandboxes are: the Node.js major that the local runtime itself runs on. */
const supportedRuntime = `nodejs${process.versions.node.split('.')[0]}.x`;

/**
 * Reads a function of the template.
 * @throws {Error} naming what is wrong: an unsupported runtime or property, a missing asset or module
 */
export function readFunction(
  { logicalId, properties: given }: ResolvedResource,
  { region, accountId }: RuntimeSettings,
  assets: AssetLocator,
): FunctionSettings {
  const read = parseProperties(properties, given);
  if (read.Runtime !== supportedRuntime) {
    throw new Error(`Runtime is ${read.Runtime}; the local runtime runs ${supportedRuntime} only`);
  }
  if (!read.Code.S3Key) throw new Error('Code has no S3Key; the local runtime runs assets only');
  const name = read.FunctionName ?? logicalId;
  const taskRoot = assets.path(read.Code.S3Key);
  return {
    logicalId,
    name,
    arn: `arn:aws:lambda:${region}:${accountId}:function:${name}`,
    roleArn: read.Role,
    handler: read.Handler,
    taskRoot,
    ...locateHandler(read.Handler, taskRoot),
    memoryMegabytes: read.MemorySize,
    timeoutSeconds: read.Timeout,
    reservedConcurrency: read.ReservedConcurrentExecutions,
    variables: read.Environment?.Variables ?? {},
    logging: {
      format: read.LoggingConfig?.LogFormat ?? 'Text',
      level: read.LoggingConfig?.ApplicationLogLevel ?? 'INFO',
      group: read.LoggingConfig?.LogGroup ?? `/aws/lambda/${name}`,
    },
    deadLetterArn: read.DeadLetterConfig?.TargetArn,
  };
}

/** `dir/index.a.b` is export `a.b` of the module `dir/index`. */
function locateHandler(handler: string, taskRoot: string) {
  const match = /^((?:[^/]+\/)*[^/.]+)\.(.+)$/.exec(handler);
  const module = match?.[1];
  const path = match?.[2];
  if (!module || !path) throw new Error(`Handler "${handler}" is not of the form module.export`);
  const moduleBase = join(taskRoot, module);
  if (!['.mjs', '.js', '.cjs'].some((extension) => existsSync(moduleBase + extension))) {
    throw new Error(`Handler "${handler}": the asset ${taskRoot} has no module "${module}"`);
  }
  return { moduleBase, exportPath: path.split('.') };
}
