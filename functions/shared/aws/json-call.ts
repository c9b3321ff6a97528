import { endpointOf } from './endpoint.ts';
import { signedPost } from './signed-request.ts';

/** The services called this way, with their host and the prefix of `X-Amz-Target`. */
const services = {
  dynamodb: { host: 'dynamodb', target: 'DynamoDB_20120810', name: 'DYNAMODB' },
  sqs: { host: 'sqs', target: 'AmazonSQS', name: 'SQS' },
  monitoring: { host: 'monitoring', target: 'GraniteServiceVersion20100801', name: 'CLOUDWATCH' },
} as const;

/** A refusal of an AWS service. */
export class AwsCallFailed extends Error {
  /** E.g. `ThrottlingException`; the code is the name, so that `unavailable` can be told from `internal`. */
  override readonly name: string;
  readonly status: number;

  constructor(code: string, status: number, message: string) {
    super(message);
    this.name = code;
    this.status = status;
  }
}

const attempts = 3;
const defaultTimeoutMillis = 5_000;

/**
 * One call in AWS JSON 1.0; times are epoch seconds both ways. Tried again when the service is busy or the
 * connection fails, so the call must be safe to repeat.
 * @throws {AwsCallFailed}
 */
export async function awsJson<Output>(
  service: keyof typeof services,
  operation: string,
  input: object,
  timeoutMillis: number = defaultTimeoutMillis,
): Promise<Output> {
  const deadline = Date.now() + timeoutMillis;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await callOnce<Output>(service, operation, input, Math.max(1, deadline - Date.now()));
    } catch (error) {
      const passing = !(error instanceof AwsCallFailed) || error.status >= 500 || /Throttl/.test(error.name);
      if (!passing || attempt === attempts || Date.now() >= deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 50 * 2 ** attempt));
    }
  }
}

async function callOnce<Output>(
  service: keyof typeof services,
  operation: string,
  input: object,
  timeoutMillis: number,
): Promise<Output> {
  const { host, target, name } = services[service];
  const response = await signedPost({
    service,
    url: new URL('/', endpointOf(name, host)),
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `${target}.${operation}` },
    body: JSON.stringify(input),
    timeoutMillis,
  });
  const text = await response.text();
  if (response.ok) return (text === '' ? {} : JSON.parse(text)) as Output;
  throw refusal(response.status, text);
}

function refusal(status: number, text: string): AwsCallFailed {
  let answer: { __type?: string; message?: string; Message?: string } = {};
  try {
    answer = JSON.parse(text);
  } catch {
    // A proxy's page: the status has to do.
  }
  const code = answer.__type?.split('#').at(-1) ?? `Http${status}`;
  return new AwsCallFailed(
    code,
    status,
    answer.message ?? answer.Message ?? `the service answered ${status}`,
  );
}
