import * as z from 'zod/mini';
import { currency } from '../../shared/money/money-fields.ts';
import { contactStages } from '../contacts/contact-values.ts';
import { clearable, memberId, text } from '../records/fields.ts';

/** Points of a lead score; some are taken away. */
const points = z.int().check(z.gte(-1_000), z.lte(1_000));

/** Values of a field that have points of their own. */
const maxValues = 100;
const few = z.refine(
  (values) => Object.keys(values as object).length <= maxValues,
  `must have at most ${maxValues} names`,
);

const owners = { owners: z.array(memberId).check(z.maxLength(100)) };

const bands = z
  .array(z.strictObject({ withinDays: z.int().check(z.gte(1), z.lte(3_650)), points }))
  .check(z.maxLength(10));

/** Points that are had or not. */
const hasPoints = { email: points, phone: points, company: points, title: points };

const leadScore = z.strictObject({
  ...z.partial(z.strictObject(hasPoints)).shape,
  stage: z.optional(z.partialRecord(z.enum(contactStages), points)),
  source: z.optional(z.record(text(100), points).check(few)),
  tags: z.optional(z.record(text(50), points).check(few)),
  /** The last contact counts in the shortest of the bands that it lies in. */
  lastContacted: z.optional(bands),
});

/** Weights of the lead score; what is left out gives no points. */
export type LeadScoreWeights = z.infer<typeof leadScore>;

/** What a tenant has decided for all of its CRM. */
export const settingsMembers = z.strictObject({
  /** Of amounts that name none. */
  currency,
  /** Who gets new records that name no owner: one after the other. */
  assignment: z.strictObject({ contacts: z.strictObject(owners), deals: z.strictObject(owners) }),
  /** `null`: scores are set by hand. */
  leadScore: z.nullable(leadScore),
});
export type SettingsMembers = z.infer<typeof settingsMembers>;

/** What every tenant starts with. */
export const initialSettings: SettingsMembers = {
  currency: 'USD',
  assignment: { contacts: { owners: [] }, deals: { owners: [] } },
  leadScore: null,
};

export const settingsOutput = z.strictObject({
  ...settingsMembers.shape,
  /** 0 while nothing has been changed. */
  version: z.int(),
  updatedAt: z.nullable(z.string()),
  updatedBy: z.nullable(z.string()),
});
export type Settings = z.infer<typeof settingsOutput>;

const cleared = <S extends Record<string, z.ZodMiniType>>(shape: S) => z.strictObject(clearable(shape));

/** A merge patch; `null` brings back what a tenant starts with. */
export const settingsPatch = cleared({
  currency,
  assignment: cleared({ contacts: cleared(owners), deals: cleared(owners) }),
  leadScore: cleared({
    ...hasPoints,
    stage: z.partialRecord(z.enum(contactStages), z.nullable(points)),
    source: z.record(text(100), z.nullable(points)),
    tags: z.record(text(50), z.nullable(points)),
    lastContacted: bands,
  }),
});
export type SettingsPatch = z.infer<typeof settingsPatch>;
