import { createHash, randomBytes } from 'node:crypto';
import type { FunctionCredentials, Principal } from '../types.ts';

/** The services whose SDK clients find the local endpoint by `AWS_ENDPOINT_URL_<SERVICE>`. */
const endpointVariables = ['DYNAMODB', 'DYNAMODB_STREAMS', 'SQS', 'SNS', 'S3', 'CLOUDWATCH'] as const;

/**
 * Issues one access key per role. The key alone tells the caller: signatures are not checked, since whoever can
 * reach the endpoint runs on this machine.
 * @param endpoint where the local AWS endpoint listens; asked late, because roles exist before it does
 */
export function createCredentials(region: string, endpoint: () => string): FunctionCredentials {
  const principals = new Map<string, Principal>();
  return {
    environment(roleArn) {
      const accessKeyId = accessKeyOf(roleArn);
      principals.set(accessKeyId, { roleArn });
      const endpoints = endpointVariables.map((name) => [`AWS_ENDPOINT_URL_${name}`, endpoint()]);
      return {
        AWS_REGION: region,
        AWS_DEFAULT_REGION: region,
        AWS_ACCESS_KEY_ID: accessKeyId,
        AWS_SECRET_ACCESS_KEY: randomBytes(30).toString('base64'),
        AWS_SESSION_TOKEN: randomBytes(60).toString('base64'),
        ...Object.fromEntries(endpoints),
      };
    },
    principalOf: (accessKeyId) => principals.get(accessKeyId),
  };
}

/** The same for a role in every run: presigned URLs stay valid across restarts. */
function accessKeyOf(roleArn: string): string {
  const digest = createHash('sha256').update(roleArn).digest('hex').toUpperCase();
  return `ASIA${digest.slice(0, 16)}`;
}
