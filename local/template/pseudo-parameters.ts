import { noValue } from './intrinsics.ts';

export interface StackIdentity {
  region: string;
  accountId: string;
  stackName: string;
  /** The last part of the stack id; stays the same for a data directory. */
  stackUuid: string;
}

/** The `AWS::…` names of CloudFormation and what they are locally. */
export function pseudoParameters(stack: StackIdentity): Map<string, unknown> {
  const { region, accountId, stackName, stackUuid } = stack;
  return new Map<string, unknown>([
    ['AWS::Region', region],
    ['AWS::AccountId', accountId],
    ['AWS::Partition', 'aws'],
    ['AWS::URLSuffix', 'amazonaws.com'],
    ['AWS::StackName', stackName],
    ['AWS::StackId', `arn:aws:cloudformation:${region}:${accountId}:stack/${stackName}/${stackUuid}`],
    ['AWS::NotificationARNs', []],
    ['AWS::NoValue', noValue],
  ]);
}
