import {
  asList,
  asText,
  at,
  type Finding,
  type FoundResource,
  mentions,
  resourcesOf,
  type Template,
  type TemplateUnderTest,
  target,
} from './template.ts';

const functionType = 'AWS::Lambda::Function';

/** What API Gateway and AppSync invoke directly needs a permission on the function, or every call is a 500. */
export function invokePermissions({ template }: TemplateUnderTest): Finding[] {
  const invoked = [
    ...callers(
      template,
      'AWS::ApiGatewayV2::Integration',
      'apigateway.amazonaws.com',
      (properties) => properties.IntegrationUri,
    ),
    ...callers(
      template,
      'AWS::ApiGatewayV2::Authorizer',
      'apigateway.amazonaws.com',
      (properties) => properties.AuthorizerUri,
    ),
    ...callers(template, 'AWS::AppSync::GraphQLApi', 'appsync.amazonaws.com', (properties) =>
      at(properties, 'LambdaAuthorizerConfig', 'AuthorizerUri'),
    ),
  ];
  const permissions = resourcesOf(template, 'AWS::Lambda::Permission');
  return invoked
    .filter(
      ({ caller, principal, fn }) =>
        !permissions.some((permission) => permits(permission, principal, fn, caller)),
    )
    .map(({ caller, principal, fn }) => ({
      rule: 'invoke-permission',
      resource: caller.id,
      message: `${principal} may not invoke ${fn}: no Lambda permission lets it`,
    }));
}

/** What Scheduler and AppSync data sources invoke goes through a role, which must allow it. */
export function invokeRoles({ template }: TemplateUnderTest): Finding[] {
  const invoked = [
    ...resourcesOf(template, 'AWS::Scheduler::Schedule').map(({ id, properties }) => ({
      id,
      role: at(properties, 'Target', 'RoleArn'),
      fn: target(template, at(properties, 'Target', 'Arn'), functionType),
    })),
    ...resourcesOf(template, 'AWS::AppSync::DataSource').map(({ id, properties }) => ({
      id,
      role: properties.ServiceRoleArn,
      fn: target(template, properties.LambdaConfig, functionType),
    })),
  ];
  return invoked.flatMap(({ id, role, fn }) => {
    if (!fn || statementsOf(template, role).some((statement) => allowsInvoke(statement, fn.id))) return [];
    return [
      {
        rule: 'invoke-permission',
        resource: id,
        message: `its role may not invoke ${fn.id}: no statement allows lambda:InvokeFunction on it`,
      },
    ];
  });
}

/** The statements that reach further than one resource may only hold these. */
const unscopedActions = new Set([
  'xray:PutTraceSegments',
  'xray:PutTelemetryRecords',
  'cloudwatch:GetMetricData',
  'cloudwatch:DescribeAlarms',
]);

/** No role has an action with a wildcard, nor a resource `*` where a narrower one is possible. */
export function leastPrivilege({ template }: TemplateUnderTest): Finding[] {
  return ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy', 'AWS::IAM::Role'].flatMap((type) =>
    resourcesOf(template, type).flatMap(({ id, properties }) =>
      documentsOf(properties)
        .flatMap((document) => asList(at(document, 'Statement')))
        .filter((statement) => at(statement, 'Effect') === 'Allow')
        .flatMap((statement) =>
          tooWide(statement).map((message) => ({ rule: 'least-privilege', resource: id, message })),
        ),
    ),
  );
}

function tooWide(statement: unknown): string[] {
  const actions = asList(at(statement, 'Action')).map(asText);
  const wildcards = actions.filter((action) => action.includes('*'));
  const unscoped = asList(at(statement, 'Resource')).includes('*')
    ? actions.filter((action) => !unscopedActions.has(action) && !wildcards.includes(action))
    : [];
  return [
    ...wildcards.map((action) => `the role is allowed the wildcard action ${action}`),
    ...unscoped.map((action) => `the role is allowed ${action} on every resource`),
  ];
}

function callers(
  template: Template,
  type: string,
  principal: string,
  uri: (properties: Record<string, unknown>) => unknown,
) {
  return resourcesOf(template, type).flatMap((caller) => {
    const fn = target(template, uri(caller.properties), functionType);
    return fn ? [{ caller, principal, fn: fn.id }] : [];
  });
}

function permits(permission: FoundResource, principal: string, fn: string, caller: FoundResource): boolean {
  const { properties } = permission;
  const api = mentions(caller.properties.ApiId)[0] ?? caller.id;
  return (
    properties.Principal === principal &&
    properties.Action === 'lambda:InvokeFunction' &&
    mentions(properties.FunctionName).includes(fn) &&
    mentions(properties.SourceArn).includes(api)
  );
}

/** The statements of a role, inline and attached. */
function statementsOf(template: Template, role: unknown): unknown[] {
  const found = target(template, role, 'AWS::IAM::Role');
  if (!found) return [];
  const attached = resourcesOf(template, 'AWS::IAM::Policy').filter(({ properties }) =>
    mentions(properties.Roles).includes(found.id),
  );
  return [found, ...attached]
    .flatMap(({ properties }) => documentsOf(properties))
    .flatMap((document) => asList(at(document, 'Statement')));
}

function documentsOf(properties: Record<string, unknown>): unknown[] {
  return [
    ...asList(properties.PolicyDocument),
    ...asList(properties.Policies).map((policy) => at(policy, 'PolicyDocument')),
  ];
}

function allowsInvoke(statement: unknown, fn: string): boolean {
  return (
    at(statement, 'Effect') === 'Allow' &&
    asList(at(statement, 'Action')).includes('lambda:InvokeFunction') &&
    mentions(at(statement, 'Resource')).includes(fn)
  );
}
