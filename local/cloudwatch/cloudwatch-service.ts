import type { CloudWatchApi, ProvidingService, ResolvedResource, RuntimeContext } from '../types.ts';
import type { Alarm } from './alarm.ts';
import { AlarmBoard, type PublishToTopic } from './alarm-board.ts';
import { createCloudWatchApi } from './cloudwatch-api.ts';
import { createCompositeAlarm } from './composite-alarm.ts';
import { checkDashboardBody } from './dashboard.ts';
import { createMetricAlarm } from './metric-alarm.ts';
import type { MetricStore } from './metric-store.ts';
import { putQueueMetrics, type QueueSample } from './queue-metrics.ts';

export interface CloudWatchService extends ProvidingService {
  api: CloudWatchApi;
}

export interface CloudWatchNeeds {
  /** The very store that the runtime's `context.metrics` writes to. */
  store: MetricStore;
  /** Alarm actions. */
  publish: PublishToTopic;
  /** Asked at each tick; the answer becomes AWS/SQS metrics. */
  sampleQueues(): Promise<readonly QueueSample[]>;
  /** Milliseconds between two ticks; 5 000 when absent. */
  tickMs?: number;
}

/**
 * CloudWatch: metrics, alarms, dashboards. At each tick the queues are sampled and the alarms
 * evaluated right after, so a dead letter shows in its alarm within one tick.
 */
export function createCloudWatchService(context: RuntimeContext, needs: CloudWatchNeeds): CloudWatchService {
  const { settings } = context;
  const { store } = needs;
  const board = new AlarmBoard(settings, needs.publish, context.log);
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();

  const addAlarm = (alarm: Alarm) => {
    board.add(alarm);
    return { ref: alarm.name, attributes: { Arn: alarm.arn } };
  };
  const attempt = async (what: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      context.log(`${what} failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const tick = async (): Promise<void> => {
    await attempt('sampling the queues', async () => putQueueMetrics(store, await needs.sampleQueues()));
    const now = Date.now();
    await attempt('evaluating the alarms', () => board.evaluate(now));
    store.compact(now);
  };
  const schedule = (delayMs: number): void => {
    timer = setTimeout(() => {
      running = tick().then(() => {
        if (timer) schedule(needs.tickMs ?? 5000);
      });
    }, delayMs);
  };

  return {
    api: createCloudWatchApi(store, board),
    providers: {
      'AWS::CloudWatch::Alarm': {
        create: (resource) => addAlarm(createMetricAlarm(resource, settings, store)),
      },
      'AWS::CloudWatch::CompositeAlarm': {
        create: (resource) => addAlarm(createCompositeAlarm(resource, settings, (name) => board.has(name))),
      },
      'AWS::CloudWatch::Dashboard': {
        create({ logicalId, properties }: ResolvedResource) {
          checkDashboardBody(properties.DashboardBody);
          return { ref: String(properties.DashboardName ?? logicalId), attributes: {} };
        },
      },
    },
    async start() {
      schedule(0);
    },
    async stop() {
      clearTimeout(timer);
      timer = undefined;
      await running;
    },
  };
}
