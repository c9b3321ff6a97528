import type { IncomingHttpHeaders } from 'node:http';

/** Signing name in the credential scope → the service as IAM and the call log name it. */
const services: Record<string, EndpointService> = {
  dynamodb: 'dynamodb',
  sqs: 'sqs',
  sns: 'sns',
  s3: 's3',
  monitoring: 'cloudwatch',
};

export type EndpointService = 'dynamodb' | 'dynamodbstreams' | 'sqs' | 'sns' | 's3' | 'cloudwatch';

/** Which API a request is for, or undefined for one that the local endpoint does not have. */
export function serviceOf(signingName: string, headers: IncomingHttpHeaders): EndpointService | undefined {
  const service = services[signingName];
  const target = headers['x-amz-target'];
  if (service === 'dynamodb' && typeof target === 'string' && target.startsWith('DynamoDBStreams_')) {
    return 'dynamodbstreams';
  }
  return service;
}

/** The operation of a JSON protocol request: what follows the dot in `DynamoDB_20120810.GetItem`. */
export function jsonOperation(headers: IncomingHttpHeaders): string {
  const target = String(headers['x-amz-target'] ?? '');
  return target.slice(target.lastIndexOf('.') + 1);
}

/** The operation of a Query protocol request (SNS). */
export function queryOperation(body: string): string {
  return new URLSearchParams(body).get('Action') ?? '';
}

/** S3's operation by method, path and query, as far as IAM tells them apart. */
export function s3Operation(method: string, path: string): string {
  const [address = '', query = ''] = path.split('?', 2);
  const isBucket = address.split('/').filter(Boolean).length < 2;
  if (query.includes('uploadId=') || query.startsWith('uploads')) {
    if (method === 'DELETE') return 'AbortMultipartUpload';
    if (method === 'GET') return 'ListParts';
    return 'PutObject';
  }
  if (isBucket) {
    const byMethod: Record<string, string> = {
      GET: 'ListObjectsV2',
      HEAD: 'HeadBucket',
      POST: 'DeleteObjects',
    };
    return byMethod[method] ?? 'PutBucket';
  }
  const byMethod: Record<string, string> = { GET: 'GetObject', HEAD: 'HeadObject', DELETE: 'DeleteObject' };
  return byMethod[method] ?? 'PutObject';
}
