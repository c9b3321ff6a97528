import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Says which gate stopped the CDK app and what it said, from the app's output.
 * @param output stdout and stderr together
 */
export function explainSynthesisFailure(command: string, output: string, assemblyDir: string): string {
  const report = readValidationReport(assemblyDir);
  if (report.length > 0) return `Template validation stopped the start:\n${report.join('\n')}`;
  const gate = gates.find(({ sign }) => sign.test(output));
  const message = gate?.message(output) ?? lastLines(output);
  return `${gate?.name ?? 'Synthesis'} stopped the start ("${command}"):\n${message}`;
}

const gates: { name: string; sign: RegExp; message(output: string): string }[] = [
  {
    name: 'Bundling',
    sign: /✘ \[ERROR\]/,
    message: (output) =>
      [...output.matchAll(/✘ \[ERROR\] ([^\n]+)\n+([^\n]*)/g)]
        .map((m) => `${m[1]} ${m[2]?.trim()}`)
        .join('\n'),
  },
  {
    name: 'Synthesis',
    sign: /^\w*Error: /m,
    message: (output) =>
      /^(\w*Error: [\s\S]*?)(?=\n\s+at |\n\nNode\.js|$)/m.exec(output)?.[1] ?? lastLines(output),
  },
];

function lastLines(output: string): string {
  return output.trim().split('\n').slice(-20).join('\n');
}

interface ValidationReport {
  pluginReports?: {
    summary?: { pluginName?: string; status?: string };
    violations?: {
      ruleName?: string;
      description?: string;
      violatingResources?: { resourceLogicalId?: string; locations?: string[] }[];
    }[];
  }[];
}

/** The lines of CDK's validation report, when there is one. */
function readValidationReport(assemblyDir: string): string[] {
  const file = join(assemblyDir, 'validation-report.json');
  if (!existsSync(file)) return [];
  const { pluginReports = [] } = JSON.parse(readFileSync(file, 'utf8')) as ValidationReport;
  return pluginReports
    .filter(({ summary }) => summary?.status === 'failure')
    .flatMap(({ summary, violations = [] }) =>
      violations.flatMap(({ ruleName, description, violatingResources = [] }) =>
        violatingResources.map(
          ({ resourceLogicalId, locations = [] }) =>
            `${summary?.pluginName} ${ruleName}: ${resourceLogicalId} ${locations.join(', ')}: ${description}`,
        ),
      ),
    );
}
