/** A template that cannot be started locally. The message names the logical id, the type and the property path. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}

/**
 * @param where property path inside the resource, e.g. `['Environment', 'Variables', 'TABLE']`
 * @returns `Resource Fn1A2B (AWS::Lambda::Function), property Environment.Variables.TABLE`
 */
export function describePlace(logicalId: string, type: string, where: readonly string[] = []): string {
  const property = where.length > 0 ? `, property ${where.join('.')}` : '';
  return `Resource ${logicalId} (${type})${property}`;
}
