import { Aws, Fn, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { Alarms } from './observability/alarms.ts';
import { createDashboard } from './observability/dashboard.ts';
import type { Observed } from './observability/observed.ts';
import { physicalName, type Stage } from './stage.ts';

/** Alarms, the topic that they tell, and one dashboard. */
export class Observability extends Construct {
  readonly topic: Topic;
  readonly dashboardUrl: string;

  constructor(scope: Construct, id: string, observed: Observed) {
    super(scope, id);
    this.topic = this.#alarmTopic(observed.stage);
    new Alarms(this, 'Alarms', observed, this.topic);
    const dashboard = createDashboard(this, observed);
    this.dashboardUrl = Fn.join('', [
      'https://',
      Aws.REGION,
      '.console.aws.amazon.com/cloudwatch/home?region=',
      Aws.REGION,
      '#dashboards:name=',
      dashboard.dashboardName,
    ]);
  }

  #alarmTopic(stage: Stage): Topic {
    const topic = new Topic(this, 'AlarmTopic', {
      topicName: physicalName(stage, 'alarms'),
      enforceSSL: true,
      masterKey: stage.encryptAlarmTopic ? this.#alarmKey(stage) : undefined,
    });
    topic.addToResourcePolicy(
      new PolicyStatement({
        sid: 'AlarmsOfThisAccount',
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['sns:Publish'],
        resources: [topic.topicArn],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    return topic;
  }

  /** The AWS-managed SNS key cannot be used by alarms, so an encrypted topic needs a key of its own. */
  #alarmKey(stage: Stage): Key {
    const key = new Key(this, 'AlarmKey', {
      description: physicalName(stage, 'alarms'),
      enableKeyRotation: true,
      removalPolicy: stage.removalPolicy,
    });
    key.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
        resources: ['*'],
        conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(this).account } },
      }),
    );
    return key;
  }
}
