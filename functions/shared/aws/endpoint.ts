import { env } from '../environment.ts';

/** The SDK's own names of its services in `AWS_ENDPOINT_URL_<NAME>`. */
type ServiceName = 'DYNAMODB' | 'SQS' | 'CLOUDWATCH' | 'S3';

/**
 * The endpoint that the SDK's own variables name for a service, so that one setting moves all calls elsewhere.
 * Read at every call: these are the SDK's, not part of what the stack gives to a function.
 */
export function configuredEndpoint(service: ServiceName): string | undefined {
  return process.env[`AWS_ENDPOINT_URL_${service}`] ?? process.env.AWS_ENDPOINT_URL;
}

/** The host of a service in this region, e.g. `sqs` → `sqs.eu-west-1.amazonaws.com`. China has a domain of its own. */
export function regionalHost(name: string): string {
  const region = env('AWS_REGION');
  return `${name}.${region}.${region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'}`;
}

/** Where calls to a service go. @param host the service's name in its own host, e.g. `dynamodb` */
export function endpointOf(service: ServiceName, host: string): URL {
  return new URL(configuredEndpoint(service) ?? `https://${regionalHost(host)}`);
}
