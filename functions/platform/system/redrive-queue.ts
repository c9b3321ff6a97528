import { AwsCallFailed, awsJson } from '../../shared/aws/json-call.ts';
import { Problem } from '../../shared/problem.ts';
import { arnOf, findFailureQueue } from './find-queue.ts';
import { readDepth } from './queue-depths.ts';
import type { Redrive, RedriveInput } from './queue-schemas.ts';

/**
 * Starts to move all messages of a dead-letter queue back to where they came from, those of every tenant: they
 * failed for reasons of the service, and doing one again does no harm.
 * @throws {Problem} `not_found`, `conflict` when there is nowhere to go back to or a move is running
 */
export async function redriveQueue(name: string, input: RedriveInput): Promise<Redrive> {
  const { name: from, url, source } = findFailureQueue(name);
  if (!source) {
    throw new Problem(
      'conflict',
      `What is in ${from} did not come from a queue: it tells which part of a stream or which tick was lost`,
    );
  }
  const [{ waiting }, SourceArn] = await Promise.all([readDepth(url), arnOf(url)]);
  try {
    await awsJson('sqs', 'StartMessageMoveTask', {
      SourceArn,
      ...(input?.ratePerSecond && { MaxNumberOfMessagesPerSecond: input.ratePerSecond }),
    });
  } catch (error) {
    if (error instanceof AwsCallFailed && error.status === 400 && /UnsupportedOperation/.test(error.name)) {
      throw new Problem('conflict', `The messages of ${from} are being moved already`);
    }
    throw error;
  }
  return { from, to: source.name, messages: waiting };
}
