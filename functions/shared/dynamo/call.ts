import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { endpointOf } from '../aws/endpoint.ts';
import { signPost } from '../aws/sigv4.ts';
import { currentCredentials } from '../aws-credentials.ts';
import { env } from '../environment.ts';
import { traceHeader } from '../trace-header.ts';

/**
 * DynamoDB's JSON protocol over plain HTTP, for the ten operations that the service uses. The SDK's client takes
 * four times the CPU for each call and 190 KB of every bundle (docs/decisions/0021-dynamodb-without-the-sdk.md).
 */

/** A refusal of DynamoDB; its name is the error code, e.g. `ConditionalCheckFailedException`. */
export class DynamoRefusal extends Error {
  override readonly name: string;
  /** The answer's other members: `Item` of a failed condition, `CancellationReasons` of a transaction. */
  readonly body: Record<string, unknown>;

  constructor(code: string, message: string, body: Record<string, unknown>) {
    super(message);
    this.name = code;
    this.body = body;
  }
}

const maxAttempts = 4;
/** Until the answer is there, in milliseconds. */
const timeoutMillis = 5_000;
const maxSockets = 64;

/** Refusals that pass by themselves; everything else is the caller's to understand. */
const passing =
  /^(ProvisionedThroughputExceeded|Throttling|RequestLimitExceeded|InternalServerError|InternalFailure|ServiceUnavailable|RequestTimeout|TransactionInProgress|TransactionConflict)/;

/**
 * One call, tried again with backoff when the service is busy or the connection breaks.
 * A write may then have happened at the first try: conditions must allow for that.
 * @throws {DynamoRefusal} what DynamoDB said, or `ServiceUnavailable` when it could not be reached
 */
export async function callDynamo<Output>(operation: string, input: object): Promise<Output> {
  const body = JSON.stringify(input);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return (await callOnce(operation, body)) as Output;
    } catch (error) {
      if (!(error instanceof DynamoRefusal) || !passing.test(error.name) || attempt === maxAttempts)
        throw error;
      // Full jitter, from 25 ms.
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 25 * 2 ** attempt));
    }
  }
}

function callOnce(operation: string, body: string): Promise<unknown> {
  const { url, agent, send } = connection();
  const signed = signPost(
    { ...currentCredentials(), region: env('AWS_REGION'), service: 'dynamodb' },
    { host: url.host, 'x-amz-target': `DynamoDB_20120810.${operation}` },
    body,
  );
  const trace = traceHeader();
  const headers = {
    ...signed,
    // As the SDK does in Lambda: ties the call to the invocation's trace.
    ...(trace && { 'x-amzn-trace-id': trace }),
    'content-type': 'application/x-amz-json-1.0',
    'content-length': Buffer.byteLength(body),
  };
  return new Promise((resolve, reject) => {
    const unreachable = (error: Error) => reject(new DynamoRefusal('ServiceUnavailable', error.message, {}));
    const request = send(
      {
        hostname: url.hostname,
        port: url.port,
        path: '/',
        method: 'POST',
        agent,
        headers,
        timeout: timeoutMillis,
      },
      (response) => readAnswer(response).then(resolve, reject),
    );
    request.on('error', unreachable);
    request.on('timeout', () => request.destroy(new Error(`no answer within ${timeoutMillis} ms`)));
    request.end(body);
  });
}

async function readAnswer(response: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of response) chunks.push(chunk as Buffer);
  } catch (error) {
    throw new DynamoRefusal('ServiceUnavailable', (error as Error).message, {});
  }
  const text = Buffer.concat(chunks).toString('utf8');
  const status = response.statusCode ?? 0;
  if (status === 200) return JSON.parse(text);
  throw refusal(status, text);
}

function refusal(status: number, text: string): DynamoRefusal {
  let answer: { __type?: string; message?: string; Message?: string } = {};
  try {
    answer = JSON.parse(text);
  } catch {
    // A proxy's page: the status has to do.
  }
  const { __type, message, Message, ...body } = answer;
  const code = __type?.split('#').at(-1) ?? (status >= 500 ? 'ServiceUnavailable' : `Http${status}`);
  return new DynamoRefusal(code, message ?? Message ?? `DynamoDB answered ${status}`, body);
}

interface Connection {
  url: URL;
  agent: HttpAgent;
  send: typeof httpRequest;
}

let open: Connection | undefined;

/** Connections are kept open between calls and invocations: a TLS handshake costs more than a call. */
function connection(): Connection {
  if (open) return open;
  const url = endpointOf('DYNAMODB', 'dynamodb');
  const options = { keepAlive: true, maxSockets };
  open =
    url.protocol === 'https:'
      ? { url, agent: new HttpsAgent(options), send: httpsRequest as typeof httpRequest }
      : { url, agent: new HttpAgent(options), send: httpRequest };
  return open;
}
