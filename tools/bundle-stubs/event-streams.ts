/**
 * Stands in for the SDK's event streams in the bundles (14 KB): the SDK loads them for operations that
 * stream, and none of DynamoDB's, SQS's and CloudWatch's does.
 */
export function eventStreamSerdeProvider(): never {
  throw new Error('event streams are left out of the bundles: see tools/bundle-stubs/event-streams.ts');
}

export class EventStreamSerde {}
