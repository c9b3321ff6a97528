import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CloudFormationValidatePlugin } from 'aws-cdk-lib';
import type { Template } from '../../../lib/template-rules/template.ts';
import { checkTemplate } from '../../../lib/template-rules.ts';
import type { SynthesisedStack } from './synthesised-stack.ts';

/** What a gate says about one resource. */
export interface Verdict {
  resource: string;
  message: string;
}

/** One engine for all templates of a test file: starting it takes two seconds, using it a quarter. */
const validation = new CloudFormationValidatePlugin();

/** CDK's built-in CloudFormation validation, the errors of which fail the synthesis. */
export function builtInValidation(under: SynthesisedStack, template: Template): Verdict[] {
  const templatePath = join(under.directory, 'under-test.template.json');
  writeFileSync(templatePath, JSON.stringify(template));
  try {
    const { violations } = validation.validate({
      templatePaths: [templatePath],
      stackTemplates: [
        {
          stackConstructPath: under.stack.node.path,
          templatePath,
          accountId: undefined,
          region: undefined,
        },
      ],
      appConstruct: under.app,
    });
    return violations
      .filter(({ severity }) => severity === 'error')
      .flatMap(({ description, violatingResources }) =>
        violatingResources.map(({ resourceLogicalId = '' }) => ({
          resource: resourceLogicalId,
          message: description,
        })),
      );
  } finally {
    rmSync(templatePath);
  }
}

/** Our own rules, which fail the synthesis too. */
export function templateRules({ directory, routes }: SynthesisedStack, template: Template): Verdict[] {
  return checkTemplate({ template, directory, routes });
}
