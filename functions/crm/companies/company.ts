import { countedFields } from '../../shared/counted-fields.ts';
import { customMember } from '../custom-fields/custom-field.ts';
import { customRules } from '../custom-fields/custom-rules.ts';
import { defineEntity, memberFilter } from '../records/define-entity.ts';
import {
  address,
  addressMembers,
  domainName,
  memberId,
  phone,
  reference,
  tags,
  text,
} from '../records/fields.ts';
import { domainKey } from '../records/normalise.ts';

/** An organisation. Its domain is unique in the tenant; its parents form no cycle. */
export const company = defineEntity({
  entity: 'company',
  collection: 'companies',
  idPrefix: 'com',
  required: { name: text(200) },
  defaulted: { tags: { schema: tags, value: [] }, custom: { schema: customMember, value: {} } },
  optional: {
    domain: domainName,
    industry: text(100),
    phone,
    address,
    ownerId: memberId,
    parentId: reference('com'),
    notes: text(20_000),
  },
  unique: [{ field: 'domain', normalise: domainKey }],
  references: [{ field: 'parentId', entity: 'company' }],
  nested: { address: addressMembers, custom: 'by name' },
  partitions: [
    { field: 'parentId', index: 'byCompany', attribute: 'companyPk' },
    { field: 'ownerId', index: 'byOwner', attribute: 'ownerPk' },
  ],
  rules: customRules('company'),
  counted: [...countedFields.company],
  filters: {
    domain: { type: 'text', operators: ['eq'] },
    industry: { type: 'text', operators: ['eq', 'in'] },
    ownerId: memberFilter,
    parentId: { type: 'text', operators: ['eq', 'in'] },
    tags: { type: 'tag', operators: ['eq', 'ne'], description: 'Has the tag' },
  },
});
