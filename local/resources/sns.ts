import type { Backends } from '../data-services/backends.ts';
import { callHttp } from '../data-services/http-call.ts';
import { signForForeign } from '../data-services/sign-for-foreign.ts';
import type { CreatedResource, ProviderMap, ResolvedResource, RuntimeContext } from '../types.ts';
import { checkProperties } from './check-properties.ts';

/** Topics of the template, and publishing to them for alarms. */
export interface TopicProviders {
  providers: ProviderMap;
  publish(topicArn: string, subject: string, message: string): Promise<void>;
}

/** Topics are made again on each start: SNS answers with the one that is there. */
export function createTopicProviders(
  { settings }: RuntimeContext,
  backends: Pick<Backends, 'urls' | 'isForeign'>,
): TopicProviders {
  return {
    providers: {
      'AWS::SNS::Topic': { create: createTopic },
      'AWS::SNS::Subscription': { create: subscribe },
    },
    async publish(topicArn, subject, message) {
      // The limit of SNS for a subject.
      await call('Publish', { TopicArn: topicArn, Subject: subject.slice(0, 100), Message: message });
    },
  };

  async function createTopic(resource: ResolvedResource): Promise<CreatedResource> {
    checkProperties(resource, {
      used: ['TopicName'],
      ignored: ['DisplayName', 'KmsMasterKeyId', 'Subscription', 'Tags', 'TracingConfig'],
    });
    const name = String(resource.properties.TopicName ?? resource.logicalId);
    const answer = await call('CreateTopic', { Name: name });
    const arn =
      /<TopicArn>([^<]+)</.exec(answer)?.[1] ??
      `arn:aws:sns:${settings.region}:${settings.accountId}:${name}`;
    return { ref: arn, attributes: { TopicArn: arn, TopicName: name } };
  }

  async function subscribe(resource: ResolvedResource): Promise<CreatedResource> {
    checkProperties(resource, {
      required: ['TopicArn', 'Protocol'],
      used: ['Endpoint'],
      ignored: ['DeliveryPolicy', 'FilterPolicy', 'RawMessageDelivery', 'RedrivePolicy', 'Region'],
    });
    const { TopicArn, Protocol, Endpoint } = resource.properties;
    // Mail and text messages leave the machine; only queues are served.
    if (Protocol === 'sqs') {
      await call('Subscribe', { TopicArn: String(TopicArn), Protocol: 'sqs', Endpoint: String(Endpoint) });
    }
    return { ref: `${TopicArn}:${resource.logicalId}`, attributes: {} };
  }

  async function call(action: string, parameters: Record<string, string>): Promise<string> {
    const target = backends.urls.sns;
    const outgoing = {
      method: 'POST',
      path: '/',
      headers: { host: target.host, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ Action: action, Version: '2010-03-31', ...parameters }).toString(),
    };
    const ready = backends.isForeign('sns') ? await signForForeign(target, 'sns', outgoing) : outgoing;
    const { status, body } = await callHttp(target, ready);
    if (status < 300) return body.toString();
    throw new Error(`SNS ${action}: ${status} ${body.toString().slice(0, 200)}`);
  }
}
