import { StartError } from '../start-error.ts';
import type { StackTemplate } from '../template/stack-template.ts';
import { describePlace, TemplateError } from '../template/template-error.ts';
import type { ProviderMap, Template } from '../types.ts';

/** Puts the providers of all services into one map. */
export function mergeProviders(...maps: ProviderMap[]): ProviderMap {
  const merged: ProviderMap = {};
  for (const map of maps) {
    for (const [type, provider] of Object.entries(map)) {
      if (type in merged) throw new Error(`Two services provide ${type}.`);
      merged[type] = provider;
    }
  }
  return merged;
}

/**
 * @throws {TemplateError} naming every resource whose type no service provides; nothing has been created yet
 */
export function checkTypes(template: Template, providers: ProviderMap): void {
  const unknown = Object.entries(template.Resources).filter(([, { Type }]) => !(Type in providers));
  if (unknown.length === 0) return;
  const lines = unknown.map(
    ([id, { Type }]) => `${describePlace(id, Type)}: the local runtime does not know this type.`,
  );
  throw new TemplateError(lines.join('\n'));
}

/**
 * Creates the resources one after the other, each after those it depends on.
 * @throws {TemplateError} naming the resource that cannot be created and why
 */
export async function createResources(stack: StackTemplate, providers: ProviderMap): Promise<void> {
  for (const logicalId of stack.order) {
    const resource = stack.resolve(logicalId);
    try {
      const provider = providers[resource.type];
      if (provider === undefined) throw new Error('the local runtime does not know this type');
      stack.created(logicalId, await provider.create(resource));
    } catch (error) {
      if (error instanceof TemplateError || error instanceof StartError) throw error;
      const message = error instanceof Error ? error.message : String(error);
      throw new TemplateError(`${describePlace(logicalId, resource.type)}: ${message}`);
    }
  }
}
