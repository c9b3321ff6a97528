import type { EntityDefinition, SortedField } from './entity.ts';
import { nameKey } from './normalise.ts';

/** The attribute of an index's partition or sort key, e.g. `amountPk` of `byAmount`. */
export function indexAttribute(index: SortedField['index'], key: 'Pk' | 'Sk'): string {
  const name = index.slice('by'.length);
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}${key}`;
}

/** Digits of the largest safe integer. */
const amountDigits = 16;

/** A value in the form in which its index sorts it as text. */
export function sortKeyOf(value: unknown, kind: SortedField['kind']): string {
  if (kind === 'text') return String(value);
  // Nothing below 0 is stored; a bound below 0 sorts before every digit.
  return Number(value) < 0 ? '-' : String(value).padStart(amountDigits, '0');
}

/**
 * The index attributes that follow from the given members (all of a record, or those that a patch names);
 * `undefined` marks one that must go because its field is cleared.
 */
export function indexAttributes(
  definition: EntityDefinition,
  tenantId: string,
  record: Record<string, unknown> & { id: string; updatedAt: string },
): Record<string, string | undefined> {
  const everything = `${tenantId}#${definition.entity}`;
  const label = record[definition.label];
  return {
    updatedPk: everything,
    updatedSk: `${record.updatedAt}#${record.id}`,
    ...(label !== undefined && {
      namePk: label === null ? undefined : everything,
      nameSk: label === null ? undefined : `${nameKey(String(label))}#${record.id}`,
    }),
    ...Object.fromEntries(
      Object.entries(definition.sorted)
        .filter(([field]) => record[field] !== undefined)
        .flatMap(([field, { index, kind }]) => {
          const value = record[field];
          return [
            [indexAttribute(index, 'Pk'), value === null ? undefined : everything],
            [
              indexAttribute(index, 'Sk'),
              value === null ? undefined : `${sortKeyOf(value, kind)}#${record.id}`,
            ],
          ];
        }),
    ),
    ...Object.fromEntries(
      definition.partitions
        .filter(({ field }) => record[field] !== undefined)
        .map(({ field, within, attribute }) => [
          attribute,
          record[field] === null
            ? undefined
            : `${everything}#${within ? `${record[within]}/` : ''}${record[field]}`,
        ]),
    ),
  };
}

/** All index attributes that a record of the entity can have. */
export function indexAttributeNames({ sorted, partitions }: EntityDefinition): string[] {
  return [
    'updatedPk',
    'updatedSk',
    'namePk',
    'nameSk',
    ...Object.values(sorted).flatMap(({ index }) => [
      indexAttribute(index, 'Pk'),
      indexAttribute(index, 'Sk'),
    ]),
    ...partitions.map(({ attribute }) => attribute),
  ];
}
