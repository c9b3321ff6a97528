import { nearestName } from '../../functions/shared/nearest-name.ts';
import { describePlace, TemplateError } from '../template/template-error.ts';
import type { ResolvedResource } from '../types.ts';

export interface KnownProperties {
  required?: readonly string[];
  /** Honoured locally. */
  used?: readonly string[];
  /** Valid, without effect on one machine: encryption, backups, tags. */
  ignored?: readonly string[];
}

/**
 * @throws {TemplateError} for a missing required property, or one that the type does not have
 */
export function checkProperties(
  { logicalId, type, properties }: ResolvedResource,
  { required = [], used = [], ignored = [] }: KnownProperties,
): void {
  const known = [...required, ...used, ...ignored];
  for (const name of required) {
    if (properties[name] !== undefined) continue;
    throw new TemplateError(`${describePlace(logicalId, type)}: required property ${name} is missing.`);
  }
  for (const name of Object.keys(properties)) {
    if (known.includes(name)) continue;
    const near = nearestName(name, known);
    const hint = near === undefined ? '' : ` Did you mean ${near}?`;
    throw new TemplateError(
      `${describePlace(logicalId, type, [name])}: the local runtime does not know this property.${hint}`,
    );
  }
}
