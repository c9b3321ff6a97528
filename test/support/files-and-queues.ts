import { buildApp } from 'fauxqs';

/** S3 and SQS in this process, in memory; the functions' environment points to them. */
export interface FilesAndQueues {
  url: string;
  /** Takes the visible messages of one of the runner's queues, waiting up to a second for the first. */
  receive(queue?: 'runner-high' | 'runner' | 'runner-low'): Promise<QueueMessage[]>;
  stop(): Promise<void>;
}

export interface QueueMessage {
  messageId: string;
  receiptHandle: string;
  body: string;
  attributes: Record<string, string>;
  eventSourceARN: string;
}

/** Call it before the code under test first reads its environment. */
export async function startFilesAndQueues(): Promise<FilesAndQueues> {
  const app = buildApp({ logger: false, defaultRegion: 'us-east-1' });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const sqs = async (operation: string, input: object) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `AmazonSQS.${operation}`,
        authorization: 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/aws4_request',
      },
      body: JSON.stringify(input),
    });
    return (await response.json()) as Record<string, unknown>;
  };
  const urls: Record<string, string> = {};
  for (const QueueName of ['runner-high', 'runner', 'runner-low']) {
    urls[QueueName] = String((await sqs('CreateQueue', { QueueName })).QueueUrl);
  }
  await fetch(`${url}/files`, { method: 'PUT' });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_SQS: url,
    AWS_ENDPOINT_URL_S3: url,
    QUEUE_RUNNER_HIGH_URL: urls['runner-high'],
    QUEUE_RUNNER_URL: urls.runner,
    QUEUE_RUNNER_LOW_URL: urls['runner-low'],
    BUCKET_FILES: 'files',
  });
  return {
    url,
    async receive(queue = 'runner') {
      const { Messages = [] } = (await sqs('ReceiveMessage', {
        QueueUrl: urls[queue],
        MaxNumberOfMessages: 10,
        WaitTimeSeconds: 1,
        MessageSystemAttributeNames: ['All'],
      })) as { Messages?: Record<string, string>[] };
      return Messages.map((message) => ({
        messageId: message.MessageId as string,
        receiptHandle: message.ReceiptHandle as string,
        body: message.Body as string,
        attributes: message.Attributes as unknown as Record<string, string>,
        eventSourceARN: `arn:aws:sqs:us-east-1:000000000000:${queue}`,
      }));
    },
    stop: async () => {
      await app.close();
    },
  };
}
