import type { CreatedResource, ResolvedResource, Template } from '../types.ts';
import { checkReferences } from './check-references.ts';
import { readConditions } from './conditions.ts';
import { dependencyOrder } from './dependency-order.ts';
import { resolveValue, type Scope } from './intrinsics.ts';
import { pseudoParameters, type StackIdentity } from './pseudo-parameters.ts';
import { describePlace, TemplateError } from './template-error.ts';

/** A template whose names can be resolved step by step, as its resources come into being. */
export interface StackTemplate {
  /** Logical ids of the resources whose condition holds, each after those it depends on. */
  order: string[];
  /** @throws {TemplateError} for a bad GetAtt or intrinsic in this resource */
  resolve(logicalId: string): ResolvedResource;
  /** Makes a created resource known to those that refer to it. */
  created(logicalId: string, resource: CreatedResource): void;
  /** Output name → value, once every resource is created. */
  outputs(): Record<string, unknown>;
}

/**
 * Checks all references and the order of a template.
 * @throws {TemplateError} for an unknown name, a missing parameter value, or a dependency cycle
 */
export function openTemplate(template: Template, stack: StackIdentity): StackTemplate {
  const names = new Map<string, unknown>(pseudoParameters(stack));
  for (const [name, parameter] of Object.entries(template.Parameters ?? {}))
    names.set(name, parameter.Default);

  const holds = readConditions(template, (name) => scopeOf(() => `Condition ${name}`));
  const resources = new Map(
    Object.entries(template.Resources).filter(
      ([, resource]) => resource.Condition === undefined || holds(resource.Condition),
    ),
  );
  const typeOf = (logicalId: string) => resources.get(logicalId)?.Type ?? 'unknown';
  const dependencies = checkReferences(resources, new Set(names.keys()), holds);
  const made = new Map<string, CreatedResource>();

  return {
    order: dependencyOrder(dependencies, (id) => `${id} (${typeOf(id)})`),
    resolve(logicalId) {
      const type = typeOf(logicalId);
      const scope = scopeOf((path) => describePlace(logicalId, type, path));
      const properties = resolveValue(resources.get(logicalId)?.Properties ?? {}, scope);
      return { logicalId, type, properties: properties as Record<string, unknown> };
    },
    created(logicalId, resource) {
      made.set(logicalId, resource);
    },
    outputs() {
      const entries = Object.entries(template.Outputs ?? {});
      return Object.fromEntries(
        entries.map(([name, output]) => [
          name,
          resolveValue(
            output.Value,
            scopeOf(() => `Output ${name}`),
          ),
        ]),
      );
    },
  };

  function scopeOf(describe: Scope['describe']): Scope {
    return {
      describe,
      condition: holds,
      ref(name, path) {
        if (names.has(name)) {
          const value = names.get(name);
          if (value !== undefined) return value;
          throw new TemplateError(
            `${describe(path)}: parameter ${name} has no default, so no value locally.`,
          );
        }
        return madeOf(name, describe(path)).ref;
      },
      getAtt(logicalId, attribute, path) {
        const { attributes } = madeOf(logicalId, describe(path));
        const value = attributes[attribute];
        if (value !== undefined) return value;
        const known = Object.keys(attributes).join(', ') || 'none';
        throw new TemplateError(
          `${describe(path)}: Fn::GetAtt "${logicalId}.${attribute}": ${typeOf(logicalId)} has no attribute "${attribute}" locally (known: ${known}).`,
        );
      },
      findInMap(map, first, second, path) {
        const value = template.Mappings?.[map]?.[first]?.[second];
        if (value !== undefined) return value;
        throw new TemplateError(
          `${describe(path)}: Fn::FindInMap finds nothing at ${map}.${first}.${second}.`,
        );
      },
    };
  }

  function madeOf(logicalId: string, place: string): CreatedResource {
    const resource = made.get(logicalId);
    if (resource !== undefined) return resource;
    throw new TemplateError(`${place}: refers to "${logicalId}", which this template does not have.`);
  }
}
