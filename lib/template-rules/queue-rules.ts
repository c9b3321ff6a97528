import { at, type Finding, mentions, resourcesOf, type TemplateUnderTest, target } from './template.ts';

const queueType = 'AWS::SQS::Queue';

/** CloudFormation's defaults, in seconds. */
const defaults = { visibility: 30, functionTimeout: 3 } as const;

/** Lambda's advice for queues that it polls: six times the function's timeout. */
export function queueVisibility({ template }: TemplateUnderTest): Finding[] {
  return resourcesOf(template, 'AWS::Lambda::EventSourceMapping').flatMap(({ properties }) => {
    const queue = target(template, properties.EventSourceArn, queueType);
    const consumer = target(template, properties.FunctionName, 'AWS::Lambda::Function');
    if (!queue || !consumer) return [];
    const visibility = Number(queue.properties.VisibilityTimeout ?? defaults.visibility);
    const timeout = Number(consumer.properties.Timeout ?? defaults.functionTimeout);
    if (visibility >= 6 * timeout) return [];
    return [
      {
        rule: 'queue-visibility',
        resource: queue.id,
        message: `the visibility timeout of ${visibility} s is below 6 × the ${timeout} s timeout of ${consumer.id}: messages would be received twice`,
        location: 'Properties/VisibilityTimeout',
      },
    ];
  });
}

/** Every queue has somewhere for its failures to go, or is that place. */
export function queueDeadLetters(under: TemplateUnderTest): Finding[] {
  const failureQueues = failureQueueIds(under);
  return resourcesOf(under.template, queueType)
    .filter(({ id, properties }) => !properties.RedrivePolicy && !failureQueues.has(id))
    .map(({ id }) => ({
      rule: 'queue-dead-letters',
      resource: id,
      message: 'the queue has no dead-letter queue: what keeps failing would be lost when it expires',
      location: 'Properties/RedrivePolicy',
    }));
}

/** A stream consumer or a schedule without a failure destination loses what it cannot process. */
export function failureDestinations({ template }: TemplateUnderTest): Finding[] {
  const streams = resourcesOf(template, 'AWS::Lambda::EventSourceMapping').filter(
    ({ properties }) =>
      target(template, properties.EventSourceArn, 'AWS::DynamoDB::Table') &&
      !at(properties, 'DestinationConfig', 'OnFailure', 'Destination'),
  );
  const schedules = resourcesOf(template, 'AWS::Scheduler::Schedule').filter(
    ({ properties }) => !at(properties, 'Target', 'DeadLetterConfig', 'Arn'),
  );
  return [...streams, ...schedules].map(({ id }) => ({
    rule: 'failure-destination',
    resource: id,
    message: 'there is no failure queue: what cannot be processed would be lost',
  }));
}

/** Nobody looks into a dead-letter queue unless an alarm says so. */
export function deadLetterAlarms(under: TemplateUnderTest): Finding[] {
  const watched = new Set(
    resourcesOf(under.template, 'AWS::CloudWatch::Alarm')
      .filter(({ properties }) => properties.MetricName === 'ApproximateNumberOfMessagesVisible')
      .flatMap(({ properties }) => mentions(properties.Dimensions)),
  );
  return [...failureQueueIds(under)]
    .filter((id) => !watched.has(id))
    .map((id) => ({
      rule: 'dead-letter-alarm',
      resource: id,
      message: 'no alarm watches ApproximateNumberOfMessagesVisible of this dead-letter queue',
    }));
}

/** The queues that failures are sent to. */
function failureQueueIds({ template }: TemplateUnderTest): Set<string> {
  const destinations = [
    ...resourcesOf(template, queueType).map(({ properties }) =>
      at(properties, 'RedrivePolicy', 'deadLetterTargetArn'),
    ),
    ...resourcesOf(template, 'AWS::Lambda::EventSourceMapping').map(
      ({ properties }) => properties.DestinationConfig,
    ),
    ...resourcesOf(template, 'AWS::Lambda::EventInvokeConfig').map(
      ({ properties }) => properties.DestinationConfig,
    ),
    ...resourcesOf(template, 'AWS::Scheduler::Schedule').map(({ properties }) =>
      at(properties, 'Target', 'DeadLetterConfig'),
    ),
  ];
  return new Set(mentions(destinations).filter((id) => template.Resources[id]?.Type === queueType));
}
