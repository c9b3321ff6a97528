import { asText, at, type Finding, resourcesOf, type TemplateUnderTest } from './template.ts';

/** Dashboards are JSON inside of the template's JSON: CloudWatch reads it only when it is drawn. */
export function dashboardBody({ template }: TemplateUnderTest): Finding[] {
  return resourcesOf(template, 'AWS::CloudWatch::Dashboard').flatMap(({ id, properties }) =>
    dashboardProblems(asText(properties.DashboardBody)).map((message) => ({
      rule: 'dashboard-body',
      resource: id,
      message,
      location: 'Properties/DashboardBody',
    })),
  );
}

function dashboardProblems(text: string): string[] {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    return [`the dashboard is not JSON: ${error instanceof Error ? error.message : String(error)}`];
  }
  const widgets = at(body, 'widgets');
  if (!Array.isArray(widgets)) return ['the dashboard has no list "widgets"'];
  return widgets.flatMap((widget, index) => {
    const type = at(widget, 'type');
    if (typeof type !== 'string') return [`widget ${index} has no "type"`];
    const properties = at(widget, 'properties');
    if (properties === null || typeof properties !== 'object') return [`widget ${index} has no "properties"`];
    if (type === 'metric' && !Array.isArray(at(properties, 'metrics')))
      return [`widget ${index} has no "metrics"`];
    return [];
  });
}

/** Scheduler takes rate, cron and at expressions; anything else fails the deployment half way. */
export function scheduleExpression({ template }: TemplateUnderTest): Finding[] {
  return resourcesOf(template, 'AWS::Scheduler::Schedule').flatMap(({ id, properties }) => {
    const expression = asText(properties.ScheduleExpression);
    const problem = scheduleProblem(expression);
    if (!problem) return [];
    return [
      {
        rule: 'schedule-expression',
        resource: id,
        message: `the schedule "${expression}" is not valid: ${problem}`,
        location: 'Properties/ScheduleExpression',
      },
    ];
  });
}

/** @see https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html */
export function scheduleProblem(expression: string): string | undefined {
  const [, kind, inner = ''] = /^(rate|cron|at)\((.*)\)$/.exec(expression) ?? [];
  switch (kind) {
    case 'rate':
      return /^[1-9]\d* (minute|hour|day)s?$/.test(inner)
        ? undefined
        : 'a rate is a positive number and minutes, hours or days';
    case 'cron':
      return cronProblem(inner);
    case 'at':
      return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(inner) ? undefined : 'a time is yyyy-mm-ddThh:mm:ss';
    default:
      return 'it must be rate(…), cron(…) or at(…)';
  }
}

/** The six fields of a cron expression with the values that they take. */
const cronFields = [
  { name: 'minutes', pattern: /^(\*|[0-5]?\d)([-,/]\d+)*$/ },
  { name: 'hours', pattern: /^(\*|[01]?\d|2[0-3])([-,/]\d+)*$/ },
  { name: 'day of month', pattern: /^(\?|L|\*|[1-9]|[12]\d|3[01])(W|([-,/]\d+)*)$/ },
  { name: 'month', pattern: /^(\*|[1-9]|1[0-2]|[A-Z]{3})([-,/]\w+)*$/ },
  { name: 'day of week', pattern: /^(\?|L|\*|[1-7]|[A-Z]{3})([-,/#]\w+|L)*$/ },
  { name: 'year', pattern: /^(\*|\d{4})([-,/]\d+)*$/ },
] as const;

function cronProblem(text: string): string | undefined {
  const fields = text.split(' ');
  if (fields.length !== cronFields.length) return `a cron expression has ${cronFields.length} fields`;
  const wrong = cronFields.find(({ pattern }, index) => !pattern.test(fields[index] ?? ''));
  if (wrong) return `its ${wrong.name} is not one`;
  const [, , day, , weekday] = fields;
  return day === '?' || weekday === '?' ? undefined : 'either its day of month or its day of week must be ?';
}
