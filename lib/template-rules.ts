import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type {
  IPolicyValidationContext,
  IPolicyValidationPlugin,
  PolicyValidationPluginReport,
} from 'aws-cdk-lib';
import type { Route } from '../functions/shared/route.ts';
import { routeIntegrations, routesOfTable } from './template-rules/api-rules.ts';
import { functionHandler, functionRuntime } from './template-rules/function-rules.ts';
import { graphqlSchema } from './template-rules/graphql-rules.ts';
import { invokePermissions, invokeRoles, leastPrivilege } from './template-rules/permission-rules.ts';
import {
  deadLetterAlarms,
  failureDestinations,
  queueDeadLetters,
  queueVisibility,
} from './template-rules/queue-rules.ts';
import { tableAttributes } from './template-rules/table-rules.ts';
import type { Finding, Template, TemplateRule, TemplateUnderTest } from './template-rules/template.ts';
import { dashboardBody, scheduleExpression } from './template-rules/text-rules.ts';

/** What deploys and then does not work, and CDK's own validation lets through. */
const rules: TemplateRule[] = [
  queueVisibility,
  queueDeadLetters,
  failureDestinations,
  deadLetterAlarms,
  functionRuntime,
  functionHandler,
  tableAttributes,
  graphqlSchema,
  routeIntegrations,
  routesOfTable,
  invokePermissions,
  invokeRoles,
  leastPrivilege,
  dashboardBody,
  scheduleExpression,
];

/** Applies every rule to one template. */
export function checkTemplate(under: TemplateUnderTest): Finding[] {
  return rules.flatMap((rule) => rule(under));
}

/** Fails the synthesis when a rule finds something. */
export class TandemRules implements IPolicyValidationPlugin {
  readonly name = 'Tandem rules';
  readonly #routes: readonly Route[];

  constructor(routes: readonly Route[]) {
    this.#routes = routes;
  }

  validate({ stackTemplates }: IPolicyValidationContext): PolicyValidationPluginReport {
    const violations = stackTemplates.flatMap(({ templatePath }) => {
      const template = JSON.parse(readFileSync(templatePath, 'utf8')) as Template;
      const findings = checkTemplate({ template, directory: dirname(templatePath), routes: this.#routes });
      return findings.map(({ rule, resource, message, location }) => ({
        ruleName: rule,
        description: message,
        severity: 'error',
        violatingResources: [
          { resourceLogicalId: resource, templatePath, locations: location ? [location] : [] },
        ],
      }));
    });
    return { success: violations.length === 0, violations };
  }
}
