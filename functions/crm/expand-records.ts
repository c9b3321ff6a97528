import type { Actor } from '../shared/actor.ts';
import { batchGetItems } from '../shared/dynamo/table.ts';
import { nearestName } from '../shared/nearest-name.ts';
import { validationFailed } from '../shared/problem.ts';
import { definitionOf } from './crm-entities.ts';
import type { EntityDefinition, EntityName } from './records/entity.ts';
import type { Expansion } from './records/find-records.ts';
import { isLiving, recordKey, toRecord } from './records/record-item.ts';

/**
 * What `expand=company,contact` asks for: the records that a page refers to, one level deep, each under the name of
 * its reference, `null` where there is none or it is gone. All of a page in one BatchGetItem for each hundred.
 * @returns undefined when nothing is to be expanded
 * @throws {Problem} `validation_failed` with the names that can be
 */
export function expansionOf(
  definition: EntityDefinition,
  expand: string | undefined,
  { caller }: Actor,
): Expansion | undefined {
  if (expand === undefined) return undefined;
  const wanted = [...new Set(expand.split(',').map((name) => name.trim()))];
  const references = wanted.map((name) => referenceNamed(definition, name));
  return async (records) => {
    const keys = records.flatMap((record) =>
      references.flatMap((reference) => {
        const id = record[reference.field];
        return typeof id === 'string' ? [{ reference, ...recordKey(reference, caller.tenantId, id) }] : [];
      }),
    );
    const distinct = [...new Map(keys.map(({ pk, sk }) => [`${pk} ${sk}`, { pk, sk }])).values()];
    const items = (await batchGetItems('crm', distinct, { consistent: true })).filter(isLiving);
    const found = new Map(
      items.map((item) => [item.id, toRecord(definitionOf(item.entity as EntityName), item)]),
    );
    return records.map((record) =>
      Object.fromEntries(references.map(({ as, field }) => [as, found.get(record[field] as string) ?? null])),
    );
  };
}

function referenceNamed(definition: EntityDefinition, name: string) {
  const reference = definition.references.find(({ as }) => as === name);
  if (reference) return reference;
  const supported = definition.references.map(({ as }) => as);
  const near = nearestName(name, supported);
  throw validationFailed([
    {
      parameter: 'expand',
      code: 'invalid_value',
      message: `cannot expand ${JSON.stringify(name)}; ${near ? `did you mean ${near}? ` : ''}supported: ${supported.join(', ')}`,
    },
  ]);
}
