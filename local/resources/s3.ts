import type { BucketCors, CorsRule } from '../aws-endpoint/bucket-cors.ts';
import type { Backends } from '../data-services/backends.ts';
import { callHttp } from '../data-services/http-call.ts';
import { signForForeign } from '../data-services/sign-for-foreign.ts';
import type { CreatedResource, ProviderMap, ResolvedResource, RuntimeContext } from '../types.ts';
import { checkProperties } from './check-properties.ts';

/** The buckets of the template and what browsers may do with them. */
export interface BucketProviders {
  providers: ProviderMap;
  cors: BucketCors;
}

/** Buckets: made once; their objects stay. */
export function createBucketProviders(
  { settings }: RuntimeContext,
  backends: Pick<Backends, 'urls' | 'isForeign'>,
  stackName: string,
): BucketProviders {
  const cors = new Map<string, CorsRule[]>();
  return { providers: { 'AWS::S3::Bucket': { create } }, cors };

  async function create(resource: ResolvedResource): Promise<CreatedResource> {
    checkProperties(resource, {
      used: ['BucketName', 'CorsConfiguration'],
      ignored: [
        'BucketEncryption',
        'LifecycleConfiguration',
        'LoggingConfiguration',
        'OwnershipControls',
        'PublicAccessBlockConfiguration',
        'Tags',
        'VersioningConfiguration',
      ],
    });
    const { properties, logicalId } = resource;
    const name = String(properties.BucketName ?? `${stackName}-${logicalId}`.toLowerCase().slice(0, 63));
    const call = { method: 'PUT', path: `/${name}`, headers: { host: backends.urls.s3.host } };
    const ready = backends.isForeign('s3') ? await signForForeign(backends.urls.s3, 's3', call) : call;
    const answer = await callHttp(backends.urls.s3, ready);
    // 409: it is there already, and ours.
    if (answer.status >= 300 && answer.status !== 409) {
      throw new Error(
        `S3 does not make bucket ${name}: ${answer.status} ${answer.body.toString().slice(0, 200)}`,
      );
    }
    const rules = (properties.CorsConfiguration as { CorsRules?: CorsRule[] } | undefined)?.CorsRules;
    if (rules !== undefined) cors.set(name, rules);
    const domain = `${name}.s3.${settings.region}.amazonaws.com`;
    return {
      ref: name,
      attributes: {
        Arn: `arn:aws:s3:::${name}`,
        DomainName: `${name}.s3.amazonaws.com`,
        RegionalDomainName: domain,
      },
    };
  }
}
