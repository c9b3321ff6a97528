import { activity } from './activities/activity.ts';
import { company } from './companies/company.ts';
import { contact } from './contacts/contact.ts';
import { deal } from './deals/deal.ts';
import { invoice } from './invoices/invoice.ts';
import { order } from './orders/order.ts';
import { pipeline } from './pipelines/pipeline.ts';
import { product } from './products/product.ts';
import type { EntityDefinition, EntityName } from './records/entity.ts';

/** Every kind of CRM record: each has the common routes and GraphQL fields. */
export const crmEntities = [contact, company, pipeline, deal, activity, product, order, invoice];

/** The definition of an entity by its name. */
export function definitionOf(entity: EntityName): EntityDefinition {
  const definition = crmEntities.find((candidate) => candidate.entity === entity);
  if (!definition) throw new Error(`no entity is called ${entity}`);
  return definition;
}
