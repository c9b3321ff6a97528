import { gunzipSync } from 'node:zlib';
import { AwsError, type CloudWatchApi } from '../types.ts';

/** One answer over HTTP. */
export interface WireResponse {
  status: number;
  headers: Record<string, string>;
  body: string;
}

const CONTENT_TYPE = 'application/x-amz-json-1.0';

/**
 * CloudWatch as `@aws-sdk/client-cloudwatch` 3.1162 speaks it: AWS JSON 1.0, the operation in
 * `X-Amz-Target: GraniteServiceVersion20100801.<operation>`, times as epoch seconds, bodies above
 * 10 KB compressed by gzip.
 *
 * @param headers with lower-case names
 */
export async function handleCloudWatchRequest(
  api: CloudWatchApi,
  { headers, body }: { headers: Record<string, string | string[] | undefined>; body: Buffer },
): Promise<WireResponse> {
  try {
    const operation = String(headers['x-amz-target'] ?? '').split('.')[1];
    if (operation === undefined) {
      throw new AwsError(
        'InvalidAction',
        'CloudWatch is served in AWS JSON 1.0 only: there is no X-Amz-Target.',
      );
    }
    const text = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
    return answer(200, await api.call(operation, parseBody(text.toString('utf8'))));
  } catch (error) {
    if (error instanceof AwsError) {
      return answer(error.status, { __type: error.code, message: error.message });
    }
    const message = error instanceof Error ? error.message : String(error);
    return answer(500, { __type: 'InternalServiceFault', message });
  }
}

function parseBody(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text === '' ? '{}' : text) as Record<string, unknown>;
  } catch {
    throw new AwsError('SerializationException', 'The body is no JSON.');
  }
}

function answer(status: number, value: Record<string, unknown>): WireResponse {
  return {
    status,
    headers: { 'content-type': CONTENT_TYPE },
    body: JSON.stringify(value, function (this: Record<string, unknown>, key, member: unknown) {
      // A Date has become a string by the time it gets here; the holder still has it.
      const original = this[key];
      return original instanceof Date ? original.getTime() / 1000 : member;
    }),
  };
}
