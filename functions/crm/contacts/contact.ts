import * as z from 'zod/mini';
import { countedFields } from '../../shared/counted-fields.ts';
import { customMember } from '../custom-fields/custom-field.ts';
import { customRules } from '../custom-fields/custom-rules.ts';
import { allRules } from '../records/all-rules.ts';
import { defineEntity, instantOperators, memberFilter } from '../records/define-entity.ts';
import {
  address,
  addressMembers,
  email,
  instant,
  memberId,
  phone,
  reference,
  tags,
  text,
} from '../records/fields.ts';
import { emailKey, phoneKey } from '../records/normalise.ts';
import { contactRules } from './contact-rules.ts';
import { contactStages, contactStatuses } from './contact-values.ts';

export { contactStages, contactStatuses };

/** A person. E-mail and telephone are unique in the tenant after normalising. */
export const contact = defineEntity({
  entity: 'contact',
  collection: 'contacts',
  idPrefix: 'con',
  required: { name: text(200) },
  defaulted: {
    stage: { schema: z.enum(contactStages), value: 'lead' },
    status: { schema: z.enum(contactStatuses), value: 'active' },
    tags: { schema: tags, value: [] },
    custom: { schema: customMember, value: {} },
  },
  optional: {
    email,
    phone,
    title: text(100),
    companyId: reference('com'),
    ownerId: memberId,
    source: text(100),
    address,
    notes: text(20_000),
    score: z.int().check(z.gte(0), z.lte(1_000_000)),
    lastContactedAt: instant,
    nextFollowUpAt: instant,
  },
  derived: {
    /** The contacts that were merged into this one, and those that had been merged into them. */
    mergedIds: z.array(z.string()),
    /** Their addresses and numbers, which lead to this contact. */
    otherEmails: z.array(z.string()),
    otherPhones: z.array(z.string()),
  },
  unique: [
    { field: 'email', others: 'otherEmails', normalise: emailKey },
    { field: 'phone', others: 'otherPhones', normalise: phoneKey },
  ],
  references: [{ field: 'companyId', entity: 'company' }],
  nested: { address: addressMembers, custom: 'by name' },
  partitions: [
    { field: 'companyId', index: 'byCompany', attribute: 'companyPk' },
    { field: 'ownerId', index: 'byOwner', attribute: 'ownerPk' },
    { field: 'stage', index: 'byStage', attribute: 'stagePk' },
    { field: 'status', index: 'byStatus', attribute: 'statusPk' },
  ],
  sorted: {
    score: { index: 'byAmount', kind: 'amount' },
    nextFollowUpAt: { index: 'byDate', kind: 'text' },
  },
  rules: allRules(customRules('contact'), contactRules),
  counted: [...countedFields.contact],
  filters: {
    stage: { type: 'text', values: contactStages, operators: ['eq', 'ne', 'in'] },
    status: { type: 'text', values: contactStatuses, operators: ['eq', 'ne', 'in'] },
    email: { type: 'text', operators: ['eq'], description: 'The address, whatever its case' },
    phone: { type: 'text', operators: ['eq'], description: 'The number, however it is written' },
    companyId: { type: 'text', operators: ['eq', 'in'] },
    ownerId: memberFilter,
    source: { type: 'text', operators: ['eq', 'in'] },
    tags: { type: 'tag', operators: ['eq', 'ne'], description: 'Has the tag' },
    score: { type: 'integer', operators: ['gt', 'gte', 'lt', 'lte'] },
    lastContactedAt: { type: 'instant', operators: instantOperators },
    nextFollowUpAt: { type: 'instant', operators: instantOperators },
  },
});
