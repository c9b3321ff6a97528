import { asText, type Finding, resourcesOf, type TemplateUnderTest, target } from './template.ts';

const routeType = 'AWS::ApiGatewayV2::Route';

/** A route whose integration is missing answers 500 to everybody. */
export function routeIntegrations({ template }: TemplateUnderTest): Finding[] {
  return resourcesOf(template, routeType)
    .filter(
      ({ properties }) =>
        !asText(properties.Target).startsWith('integrations/') ||
        !target(template, properties.Target, 'AWS::ApiGatewayV2::Integration'),
    )
    .map(({ id, properties }) => ({
      rule: 'route-integration',
      resource: id,
      message: `the route "${asText(properties.RouteKey)}" has no integration`,
      location: 'Properties/Target',
    }));
}

/** The API has the routes of the route table and `$default`, and only public ones go without the authorizer. */
export function routesOfTable({ template, routes }: TemplateUnderTest): Finding[] {
  const [api] = resourcesOf(template, 'AWS::ApiGatewayV2::Api');
  const present = new Map(
    resourcesOf(template, routeType).map(({ id, properties }) => [
      asText(properties.RouteKey),
      { id, properties },
    ]),
  );
  const findings: Finding[] = [];
  for (const { method, path, permission } of routes) {
    const route = present.get(`${method} ${path}`);
    present.delete(`${method} ${path}`);
    if (!route) {
      findings.push({
        rule: 'route-table',
        resource: api?.id ?? '',
        message: `the route "${method} ${path}" of the route table is not in the template`,
      });
    } else if (
      permission !== 'public' &&
      !target(template, route.properties.AuthorizerId, 'AWS::ApiGatewayV2::Authorizer')
    ) {
      findings.push({
        rule: 'route-authorizer',
        resource: route.id,
        message: `the route "${method} ${path}" needs ${permission} but has no authorizer`,
        location: 'Properties/AuthorizerId',
      });
    }
  }
  for (const [key, { id }] of present) {
    if (key === '$default') continue;
    findings.push({
      rule: 'route-table',
      resource: id,
      message: `the route "${key}" is not in the route table`,
      location: 'Properties/RouteKey',
    });
  }
  return findings;
}
