import type { AwsClient } from '../types.ts';

/** Sends what failed for good to the queue that the template names for it. */
export class FailureDestination {
  readonly #aws: AwsClient;
  readonly #urls = new Map<string, string>();

  constructor(aws: AwsClient) {
    this.#aws = aws;
  }

  /**
   * @param arn of a standard SQS queue
   * @param body sent as JSON
   * @param attributes become string message attributes
   * @throws {AwsError} when the queue refuses
   */
  async send(arn: string, body: unknown, attributes: Record<string, string> = {}): Promise<void> {
    await this.#aws.call('sqs', 'SendMessage', {
      QueueUrl: await this.queueUrl(arn),
      MessageBody: JSON.stringify(body),
      MessageAttributes: Object.fromEntries(
        Object.entries(attributes).map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
      ),
    });
  }

  async queueUrl(arn: string): Promise<string> {
    const known = this.#urls.get(arn);
    if (known) return known;
    const { QueueUrl } = await this.#aws.call('sqs', 'GetQueueUrl', { QueueName: arn.split(':').at(-1) });
    this.#urls.set(arn, String(QueueUrl));
    return String(QueueUrl);
  }
}

/** @throws {Error} for a destination that is no SQS queue: the others have no local counterpart */
export function requireQueueArn(arn: string, what: string): string {
  if (/^arn:[^:]+:sqs:/.test(arn)) return arn;
  throw new Error(`${what} ${arn} is not an SQS queue; the local runtime knows no other failure destination`);
}
