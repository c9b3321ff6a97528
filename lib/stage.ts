import { RemovalPolicy } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';

export const stageNames = ['dev', 'staging', 'prod'] as const;
export type StageName = (typeof stageNames)[number];

/** What differs between the stages; everything else is the same in each. */
export interface Stage {
  name: StageName;
  /** Tables, user pool and stack refuse to be deleted. */
  deletionProtection: boolean;
  /** What happens to data when its resource leaves the stack. */
  removalPolicy: RemovalPolicy;
  logRetention: RetentionDays;
  /** GraphQL clients may read the schema. */
  introspection: boolean;
  /** The alarm topic has its own KMS key, 1 USD a month; dev stays free of it. */
  encryptAlarmTopic: boolean;
  /** Requests per second and burst that the HTTP API lets through before it answers 429. */
  throttle: { rate: number; burst: number };
}

const throttle = { rate: 2000, burst: 4000 };

const stages: Record<StageName, Omit<Stage, 'name'>> = {
  dev: {
    deletionProtection: false,
    removalPolicy: RemovalPolicy.DESTROY,
    logRetention: RetentionDays.ONE_WEEK,
    introspection: true,
    encryptAlarmTopic: false,
    throttle,
  },
  staging: {
    deletionProtection: true,
    removalPolicy: RemovalPolicy.RETAIN,
    logRetention: RetentionDays.ONE_MONTH,
    introspection: true,
    encryptAlarmTopic: true,
    throttle,
  },
  prod: {
    deletionProtection: true,
    removalPolicy: RemovalPolicy.RETAIN,
    logRetention: RetentionDays.THREE_MONTHS,
    introspection: false,
    encryptAlarmTopic: true,
    throttle,
  },
};

/** @throws when the name is none of {@link stageNames} */
export function stageOf(name: unknown): Stage {
  const known = stageNames.find((stage) => stage === name);
  if (!known) throw new Error(`unknown stage "${name}": use -c stage=${stageNames.join('|')}`);
  return { name: known, ...stages[known] };
}

/** The physical name of a resource: `tandem-<stage>-<name>`. */
export function physicalName(stage: Stage, name: string): string {
  return `tandem-${stage.name}-${name}`;
}
