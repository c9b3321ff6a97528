import { Duration } from 'aws-cdk-lib';
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  ApplicationLogLevel,
  Architecture,
  Code,
  Function as LambdaFunction,
  LoggingFormat,
  RecursiveLoop,
  Runtime,
  SystemLogLevel,
  Tracing,
} from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { physicalName, type Stage } from './stage.ts';

/** How long an invocation may take. HTTP API gives up at 30 s, so REST functions end just before it. */
export const timeouts = {
  crm: Duration.seconds(29),
  tasks: Duration.seconds(29),
  platform: Duration.seconds(29),
  graphql: Duration.seconds(29),
  authorizer: Duration.seconds(5),
  changes: Duration.seconds(60),
  // The longest call of an http task and what comes before and after it.
  runner: Duration.seconds(90),
  webhooks: Duration.seconds(30),
  clock: Duration.seconds(30),
} as const;
export type FunctionName = keyof typeof timeouts;

/**
 * Those that send messages on to their own queues: a wait of a month is three thousand messages in a row, and Lambda
 * stops a chain after 16 unless this is said to be meant. Each link waits, so a loop of them cannot run away.
 */
const recursive: readonly FunctionName[] = ['runner', 'webhooks'];

export interface TandemFunctionProps {
  stage: Stage;
  name: FunctionName;
  /** Directory of the bundle; its `index.mjs` exports `handler`. */
  bundle: string;
  environment: Record<string, string>;
}

/** The one way a function is declared: its own role, its own log group, nothing granted but logs and traces. */
export class TandemFunction extends Construct {
  readonly function: LambdaFunction;
  readonly role: Role;
  readonly name: FunctionName;
  /** The physical name, known before deployment. */
  readonly functionName: string;

  constructor(scope: Construct, id: string, { stage, name, bundle, environment }: TandemFunctionProps) {
    super(scope, id);
    this.name = name;
    this.functionName = physicalName(stage, name);
    const logGroup = new LogGroup(this, 'Logs', {
      logGroupName: `/aws/lambda/${this.functionName}`,
      retention: stage.logRetention,
      removalPolicy: stage.removalPolicy,
    });
    this.role = new Role(this, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') });
    logGroup.grantWrite(this.role);
    this.function = new LambdaFunction(this, 'Function', {
      functionName: this.functionName,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: 'index.handler',
      code: Code.fromAsset(bundle),
      role: this.role,
      logGroup,
      loggingFormat: LoggingFormat.JSON,
      applicationLogLevelV2: ApplicationLogLevel.INFO,
      systemLogLevelV2: SystemLogLevel.WARN,
      tracing: Tracing.ACTIVE,
      memorySize: 1024,
      timeout: timeouts[name],
      ...(recursive.includes(name) && { recursiveLoop: RecursiveLoop.ALLOW }),
      environment,
    });
  }

  allow(...statements: PolicyStatement[]): void {
    for (const statement of statements) this.role.addToPolicy(statement);
  }
}

/** An allow statement in one line. */
export function allow(actions: string[], ...resources: string[]): PolicyStatement {
  return new PolicyStatement({ actions, resources });
}
