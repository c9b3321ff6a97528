import { activity } from '../../crm/activities/activity.ts';
import { company } from '../../crm/companies/company.ts';
import { contact } from '../../crm/contacts/contact.ts';
import { deal } from '../../crm/deals/deal.ts';
import { order } from '../../crm/orders/order.ts';
import { product } from '../../crm/products/product.ts';
import type { EntityDefinition } from '../../crm/records/entity.ts';

/**
 * The entities whose records files can bring in and take out, by collection. Invoices come of orders, and pipelines are
 * few.
 */
export const transferEntities: ReadonlyMap<string, EntityDefinition> = new Map(
  [contact, company, product, deal, activity, order].map((definition) => [definition.collection, definition]),
);

export const transferCollections = [...transferEntities.keys()];

/** The entity of a collection that a schema has let through. */
export function transferEntity(collection: string): EntityDefinition {
  const definition = transferEntities.get(collection);
  if (!definition) throw new Error(`no entity for files: ${collection}`);
  return definition;
}
