import { Duration } from 'aws-cdk-lib';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  HttpMethods,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { Stage } from './stage.ts';

/**
 * Files that pass through presigned URLs, below `imports/<tenant>/`, `exports/<tenant>/` and `attachments/<tenant>/`,
 * and the keys that webhook secrets are sealed with, below `system/`.
 */
export class Storage extends Construct {
  readonly files: Bucket;

  constructor(scope: Construct, id: string, stage: Stage) {
    super(scope, id);
    this.files = new Bucket(this, 'Files', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      versioned: stage.deletionProtection,
      removalPolicy: stage.removalPolicy,
      lifecycleRules: [
        { id: 'imports', prefix: 'imports/', expiration: Duration.days(30) },
        { id: 'exports', prefix: 'exports/', expiration: Duration.days(30) },
        // Where data is kept, an overwritten or deleted sealing key can be had back for a while.
        { id: 'versions', noncurrentVersionExpiration: Duration.days(30) },
        { id: 'uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ],
      // Browsers upload to and read from presigned URLs, which carry their own permission.
      cors: [
        {
          allowedMethods: [HttpMethods.GET, HttpMethods.PUT],
          allowedOrigins: ['*'],
          allowedHeaders: ['*'],
          exposedHeaders: ['ETag'],
        },
      ],
    });
  }
}
