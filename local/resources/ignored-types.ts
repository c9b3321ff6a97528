import type { CreatedResource, ProviderMap, ResolvedResource, RuntimeSettings } from '../types.ts';

/** Types that the local runtime knows and leaves out, each with the reason. */
const reasons: Record<string, string> = {
  'AWS::CDK::Metadata': 'usage statistics of the CDK, nothing that runs',
  'AWS::Logs::LogGroup': 'function logs are files under <data>/logs',
  'AWS::Logs::ResourcePolicy': 'nothing but our own services writes logs here',
  'AWS::SQS::QueuePolicy': 'the queues are reached through the local AWS endpoint only, where roles decide',
  'AWS::SNS::TopicPolicy': 'only alarms publish, and they are ours',
  'AWS::S3::BucketPolicy': 'the bucket is reached through the local AWS endpoint only, where roles decide',
};

/** Creates nothing, but gives names and ARNs to whoever refers to it. */
export function ignoredTypes(settings: RuntimeSettings): ProviderMap {
  const create = ({ logicalId, type, properties }: ResolvedResource): CreatedResource => {
    if (type !== 'AWS::Logs::LogGroup') return { ref: logicalId, attributes: {} };
    const name = String(properties.LogGroupName ?? logicalId);
    return {
      ref: name,
      attributes: { Arn: `arn:aws:logs:${settings.region}:${settings.accountId}:log-group:${name}:*` },
    };
  };
  return Object.fromEntries(Object.keys(reasons).map((type) => [type, { create }]));
}
