import { Dashboard, GraphWidget, type IMetric, type IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { physicalName } from '../stage.ts';
import {
  consumedUnits,
  countedMetric,
  functionMetric,
  graphqlMetric,
  queueMetric,
  restMetric,
} from './metrics.ts';
import type { Observed } from './observed.ts';

/** One page from the outside in: what callers see, what runs, what waits, what the tables take. */
export function createDashboard(scope: Construct, observed: Observed): Dashboard {
  return new Dashboard(scope, 'Dashboard', {
    dashboardName: physicalName(observed.stage, 'overview'),
    widgets: [apiRow(observed), functionRow(observed), queueRow(observed), tableRow(observed)],
  });
}

const graph = (title: string, left: IMetric[], right: IMetric[] = [], width = 8): IWidget =>
  new GraphWidget({ title, left, right, width, height: 6, leftYAxis: { min: 0 } });

function apiRow({ restApi, graphqlApi }: Observed): IWidget[] {
  const percentiles = ['p50', 'p95', 'p99'];
  return [
    graph(
      'REST requests and errors',
      [restMetric(restApi, 'Count')],
      [restMetric(restApi, '4xx'), restMetric(restApi, '5xx')],
    ),
    graph(
      'REST latency',
      percentiles.map((statistic) => restMetric(restApi, 'Latency', { statistic, label: statistic })),
    ),
    graph(
      'GraphQL',
      percentiles.map((statistic) => graphqlMetric(graphqlApi, 'Latency', { statistic, label: statistic })),
      [graphqlMetric(graphqlApi, '4XXError'), graphqlMetric(graphqlApi, '5XXError')],
    ),
  ];
}

function functionRow({ functions }: Observed): IWidget[] {
  const all = Object.values(functions);
  return [
    graph(
      'Invocations',
      all.map((fn) => functionMetric(fn, 'Invocations', { label: fn.name })),
    ),
    graph(
      'Errors and throttles',
      all.map((fn) => functionMetric(fn, 'Errors', { label: fn.name })),
      all.map((fn) => functionMetric(fn, 'Throttles', { label: `${fn.name} throttles` })),
    ),
    graph(
      'Duration p99',
      all.map((fn) => functionMetric(fn, 'Duration', { statistic: 'p99', label: fn.name })),
    ),
  ];
}

function queueRow({ queues, functions }: Observed): IWidget[] {
  const work = Object.entries(queues.workQueues);
  return [
    graph(
      'Waiting messages',
      work.map(([label, { queue }]) => queueMetric(queue, 'ApproximateNumberOfMessagesVisible', { label })),
      work.map(([label, { queue }]) =>
        queueMetric(queue, 'ApproximateAgeOfOldestMessage', { label: `${label} age (s)` }),
      ),
      6,
    ),
    graph(
      'Failure queues',
      Object.entries(queues.failureQueues).map(([label, queue]) =>
        queueMetric(queue, 'ApproximateNumberOfMessagesVisible', { label }),
      ),
      [],
      6,
    ),
    graph('Dead tasks', [countedMetric('DeadTasks')], [], 6),
    graph(
      'Stream lag (ms)',
      [functionMetric(functions.changes, 'IteratorAge', { statistic: 'Maximum' })],
      [],
      6,
    ),
  ];
}

function tableRow({ tables }: Observed): IWidget[] {
  const all = Object.entries(tables.all);
  return [
    graph(
      'Read units',
      all.map(([name, table]) => consumedUnits(table, 'Read', name)),
      [],
      12,
    ),
    graph(
      'Write units',
      all.map(([name, table]) => consumedUnits(table, 'Write', name)),
      [],
      12,
    ),
  ];
}
