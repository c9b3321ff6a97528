import { createServer } from 'node:http';

/** What answers an operation: plain data, or an error with its AWS code. */
export type AwsAnswers = Record<string, (input: Record<string, unknown>) => unknown>;

export interface AwsJsonServer {
  /** Operation and input of every call so far. */
  calls: { operation: string; input: Record<string, unknown> }[];
  answers: AwsAnswers;
  stop(): Promise<void>;
}

/** Thrown by an answer: the service refuses. */
export class AwsRefusal extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, status = 400) {
    super(code);
    this.code = code;
    this.status = status;
  }
}

/** SQS and CloudWatch in AWS JSON, answering what the test says; the SDK's endpoint variables point to it. */
export async function startAwsJsonServer(answers: AwsAnswers): Promise<AwsJsonServer> {
  const calls: AwsJsonServer['calls'] = [];
  const running = { calls, answers };
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
    const input = JSON.parse(text) as Record<string, unknown>;
    calls.push({ operation, input });
    response.setHeader('content-type', 'application/x-amz-json-1.0');
    try {
      const signed = /^AWS4-HMAC-SHA256 Credential=test\//.test(request.headers.authorization ?? '');
      if (!signed) throw new AwsRefusal('MissingAuthenticationToken', 403);
      const answer = running.answers[operation];
      if (!answer) throw new AwsRefusal('UnknownOperationException');
      response.end(JSON.stringify((await answer(input)) ?? {}));
    } catch (error) {
      const refusal = error instanceof AwsRefusal ? error : new AwsRefusal('InternalFailure', 500);
      response.statusCode = refusal.status;
      response.end(JSON.stringify({ __type: `com.amazonaws#${refusal.code}`, message: refusal.message }));
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  process.env.AWS_ENDPOINT_URL_SQS = url;
  process.env.AWS_ENDPOINT_URL_CLOUDWATCH = url;
  return Object.assign(running, {
    async stop() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  });
}
