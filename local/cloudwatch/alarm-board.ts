import type { RuntimeSettings } from '../types.ts';
import type { Alarm } from './alarm.ts';
import type { AlarmStateValue } from './alarm-evaluation.ts';

/** Publishes to an SNS topic of the template. */
export type PublishToTopic = (topicArn: string, subject: string, message: string) => Promise<void>;

/** All alarms of the template, in the order of their creation, so a composite comes after what it reads. */
export class AlarmBoard {
  readonly #alarms = new Map<string, Alarm>();
  readonly #settings: RuntimeSettings;
  readonly #publish: PublishToTopic;
  readonly #log: (line: string) => void;

  constructor(settings: RuntimeSettings, publish: PublishToTopic, log: (line: string) => void) {
    this.#settings = settings;
    this.#publish = publish;
    this.#log = log;
  }

  /** @throws {Error} when the name is taken */
  add(alarm: Alarm): void {
    if (this.#alarms.has(alarm.name)) throw new Error(`an alarm named ${alarm.name} exists already`);
    this.#alarms.set(alarm.name, alarm);
  }

  has(name: string): boolean {
    return this.#alarms.has(name);
  }

  /** By name, as `DescribeAlarms` lists them. */
  sorted(): Alarm[] {
    return [...this.#alarms.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Brings every alarm up to date and runs the actions of those that changed. */
  async evaluate(now: number): Promise<void> {
    const changes: Promise<void>[] = [];
    for (const alarm of this.#alarms.values()) {
      const { state, reason } = alarm.evaluate(
        now,
        (name) => this.#alarms.get(name)?.state ?? 'INSUFFICIENT_DATA',
      );
      const previous = alarm.state;
      alarm.reason = reason;
      if (state === previous) continue;
      alarm.state = state;
      alarm.since = new Date(now);
      if (state === 'ALARM' || previous === 'ALARM') this.#log(`alarm ${alarm.name}: ${state}`);
      changes.push(...this.#notify(alarm, previous));
    }
    await Promise.all(changes);
  }

  #notify(alarm: Alarm, previous: AlarmStateValue): Promise<void>[] {
    if (!alarm.actionsEnabled) return [];
    const message = JSON.stringify({
      AlarmName: alarm.name,
      AlarmDescription: alarm.details.AlarmDescription ?? null,
      AWSAccountId: this.#settings.accountId,
      AlarmConfigurationUpdatedTimestamp: alarm.configuredAt.toISOString(),
      NewStateValue: alarm.state,
      NewStateReason: alarm.reason,
      StateChangeTime: alarm.since.toISOString(),
      Region: this.#settings.region,
      AlarmArn: alarm.arn,
      OldStateValue: previous,
      Trigger: alarm.trigger,
    });
    const subject = `${alarm.state}: "${alarm.name}" in ${this.#settings.region}`.slice(0, 100);
    return alarm.actions[alarm.state].map((topicArn) =>
      this.#publish(topicArn, subject, message).catch((error: unknown) => {
        this.#log(`alarm ${alarm.name}: publishing to ${topicArn} failed: ${String(error)}`);
      }),
    );
  }
}
