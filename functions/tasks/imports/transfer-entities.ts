import { company } from '../../crm/companies/company.ts';
import { contact } from '../../crm/contacts/contact.ts';
import type { EntityDefinition } from '../../crm/records/entity.ts';

/** The entities whose records files can bring in and take out, by collection. */
export const transferEntities: ReadonlyMap<string, EntityDefinition> = new Map(
  [contact, company].map((definition) => [definition.collection, definition]),
);

export const transferCollections = [...transferEntities.keys()];

/** The entity of a collection that a schema has let through. */
export function transferEntity(collection: string): EntityDefinition {
  const definition = transferEntities.get(collection);
  if (!definition) throw new Error(`no entity for files: ${collection}`);
  return definition;
}
