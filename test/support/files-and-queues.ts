import { buildApp } from 'fauxqs';

/** S3 and SQS in this process, in memory; the functions' environment points to them. */
export interface FilesAndQueues {
  url: string;
  /** Takes every visible message of the runner's queue, waiting up to a second for the first. */
  receive(): Promise<QueueMessage[]>;
  stop(): Promise<void>;
}

export interface QueueMessage {
  messageId: string;
  receiptHandle: string;
  body: string;
  attributes: Record<string, string>;
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
  const { QueueUrl } = await sqs('CreateQueue', { QueueName: 'runner' });
  await fetch(`${url}/files`, { method: 'PUT' });
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_SQS: url,
    AWS_ENDPOINT_URL_S3: url,
    QUEUE_RUNNER_URL: QueueUrl,
    BUCKET_FILES: 'files',
  });
  return {
    url,
    async receive() {
      const { Messages = [] } = (await sqs('ReceiveMessage', {
        QueueUrl,
        MaxNumberOfMessages: 10,
        WaitTimeSeconds: 1,
        MessageSystemAttributeNames: ['All'],
      })) as { Messages?: Record<string, string>[] };
      return Messages.map((message) => ({
        messageId: message.MessageId as string,
        receiptHandle: message.ReceiptHandle as string,
        body: message.Body as string,
        attributes: message.Attributes as unknown as Record<string, string>,
      }));
    },
    stop: async () => {
      await app.close();
    },
  };
}
