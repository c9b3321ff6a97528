import { type AwsClient, AwsError } from '../types.ts';
import type { Backends } from './backends.ts';
import { callHttp } from './http-call.ts';
import { signForForeign } from './sign-for-foreign.ts';

/** The JSON protocol's name of each API. */
const targets = {
  dynamodb: 'DynamoDB_20120810',
  dynamodbstreams: 'DynamoDBStreams_20120810',
  sqs: 'AmazonSQS',
} as const;

/** The runtime's own calls to the data services. */
export function createAwsClient(backends: Pick<Backends, 'urls' | 'isForeign'>, region: string): AwsClient {
  return {
    async call(service, operation, input, signal) {
      const target = backends.urls[service];
      const call = {
        method: 'POST',
        path: '/',
        headers: {
          host: target.host,
          'content-type': 'application/x-amz-json-1.0',
          'x-amz-target': `${targets[service]}.${operation}`,
          // dynoxide wants to see a signature but does not check it.
          authorization: `AWS4-HMAC-SHA256 Credential=TANDEM/20000101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`,
          'x-amz-date': '20000101T000000Z',
        },
        body: JSON.stringify(input),
      };
      const signed = backends.isForeign(service) ? await signForForeign(target, service, call) : call;
      const answer = await callHttp(target, { ...signed, signal }).catch((error: Error) => {
        throw signal?.aborted
          ? error
          : new AwsError('ServiceUnavailable', `${service}: ${error.message}`, 503);
      });
      const body = parse(answer.body);
      if (answer.status < 300) return body;
      const code =
        String(body.__type ?? 'UnknownError')
          .split('#')
          .at(-1) ?? '';
      throw new AwsError(code, String(body.message ?? body.Message ?? ''), answer.status);
    },
  };
}

function parse(body: Buffer): Record<string, unknown> {
  try {
    return body.length === 0 ? {} : (JSON.parse(body.toString()) as Record<string, unknown>);
  } catch {
    return { message: body.toString().slice(0, 200) };
  }
}
