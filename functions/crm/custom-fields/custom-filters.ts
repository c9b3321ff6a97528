import type { FilterField, Operator } from '../../shared/list/list-spec.ts';
import { unknownParameter } from '../../shared/unknown-parameter.ts';
import type { EntityDefinition } from '../records/entity.ts';
import { type CustomField, type CustomFieldType, customEntities } from './custom-field.ts';
import { forgetFields, knownFields } from './find-custom-fields.ts';

const prefix = 'custom.';

/** As a query parameter of the route table and the OpenAPI document; it stands for every name. */
export function customParameters({ fields }: EntityDefinition): Record<string, string> {
  const description =
    'Filter on a custom field, e.g. `custom.region=north`; with `[in]` on text, with `[gt] [gte] [lt] [lte]` on numbers, dates and instants, with `[ne]` on a multiselect.';
  return fields.includes('custom') ? { [`${prefix}{name}`]: description } : {};
}

/**
 * The definition with filters on the custom fields that a query names; itself when it names none.
 * @throws {Problem} `unknown_parameter` with the nearest known one
 */
export async function withCustomFilters(
  definition: EntityDefinition,
  query: Record<string, string>,
  tenantId: string,
): Promise<EntityDefinition> {
  const asked = Object.keys(query).filter((name) => name.startsWith(prefix));
  const entity = customEntities.find((candidate) => candidate === definition.entity);
  if (asked.length === 0 || !entity) return definition;
  let fields = await knownFields(tenantId, entity);
  if (asked.some((parameter) => !named(fields, parameter))) {
    forgetFields(tenantId, entity);
    fields = await knownFields(tenantId, entity);
  }
  const filters: Record<string, FilterField> = { ...definition.list.filters };
  for (const parameter of asked) {
    const field = named(fields, parameter);
    if (!field) throw unknownParameter(parameter, parametersOf(fields));
    filters[prefix + field.name] = filterOf(field);
  }
  return { ...definition, list: { ...definition.list, filters } };
}

/** The field of `custom.<name>[<operator>]`, if it takes the operator. */
function named(fields: CustomField[], parameter: string): CustomField | undefined {
  return fields.find((field) => parametersOf([field]).includes(parameter));
}

function parametersOf(fields: CustomField[]): string[] {
  return fields.flatMap(({ name, type }) =>
    filterTypes[type].operators.map((operator) =>
      operator === 'eq' ? prefix + name : `${prefix}${name}[${operator}]`,
    ),
  );
}

function filterOf({ name, type }: CustomField): FilterField {
  return { ...filterTypes[type], attribute: 'custom', part: name };
}

const ranges: Operator[] = ['gt', 'gte', 'lt', 'lte'];
const ofText = { type: 'text', operators: ['eq', 'in'] } as const;

const filterTypes: Record<CustomFieldType, Pick<FilterField, 'type' | 'operators'>> = {
  text: ofText,
  select: ofText,
  url: ofText,
  email: ofText,
  number: { type: 'number', operators: ['eq', ...ranges] },
  integer: { type: 'integer', operators: ['eq', 'in', ...ranges] },
  boolean: { type: 'boolean', operators: ['eq'] },
  date: { type: 'date', operators: ['eq', ...ranges] },
  instant: { type: 'instant', operators: ranges },
  multiselect: { type: 'tag', operators: ['eq', 'ne'] },
};
