import { crmEntities } from '../crm/crm-entities.ts';
import { actionFields } from './action-fields.ts';
import { entityFields } from './entity-fields.ts';
import type { FieldTable } from './field.ts';
import { relationFields } from './relation-fields.ts';

/** CRM fields of the schema. */
export const crmFields: FieldTable = {
  ...Object.assign({}, ...crmEntities.map(entityFields)),
  ...relationFields,
  ...actionFields,
};
