import type { Backends } from '../data-services/backends.ts';
import { callHttp } from '../data-services/http-call.ts';
import { signForForeign } from '../data-services/sign-for-foreign.ts';
import type { CreatedResource, ProviderMap, ResolvedResource, RuntimeContext } from '../types.ts';
import { checkProperties } from './check-properties.ts';

/** Buckets: made once; their objects stay. */
export function s3Providers(
  { settings }: RuntimeContext,
  backends: Pick<Backends, 'urls' | 'isForeign'>,
  stackName: string,
): ProviderMap {
  return { 'AWS::S3::Bucket': { create } };

  async function create(resource: ResolvedResource): Promise<CreatedResource> {
    checkProperties(resource, {
      used: ['BucketName'],
      ignored: [
        'BucketEncryption',
        'CorsConfiguration',
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
