import type { LeadScoreWeights } from '../settings/settings.ts';

/** One reason for points. */
export interface ScorePart {
  /** E.g. `email`, `stage:prospect`, `tag:vip`, `lastContacted:7`. */
  what: string;
  points: number;
}

export interface LeadScore {
  /** The sum of the parts, 0 to 1 000 000. */
  score: number;
  parts: ScorePart[];
}

const millisPerDay = 86_400_000;
const maxScore = 1_000_000;

/**
 * What a contact scores: the points of everything that holds for it, the tags each by itself, the last contact in
 * the shortest band that it lies in.
 * @param at epoch milliseconds
 */
export function scoreOf(contact: Record<string, unknown>, weights: LeadScoreWeights, at: number): LeadScore {
  const parts: ScorePart[] = [];
  const add = (what: string, points: number | undefined) => {
    if (points) parts.push({ what, points });
  };
  const has = (field: string) => contact[field] !== undefined && contact[field] !== null;
  if (has('email')) add('email', weights.email);
  if (has('phone')) add('phone', weights.phone);
  if (has('companyId')) add('company', weights.company);
  if (has('title')) add('title', weights.title);
  const stage = String(contact.stage) as keyof NonNullable<LeadScoreWeights['stage']>;
  add(`stage:${stage}`, weights.stage?.[stage]);
  if (has('source')) add(`source:${contact.source}`, own(weights.source, String(contact.source)));
  for (const tag of new Set(contact.tags as string[] | undefined)) add(`tag:${tag}`, own(weights.tags, tag));
  const band = bandOf(contact.lastContactedAt, weights.lastContacted ?? [], at);
  if (band) add(`lastContacted:${band.withinDays}`, band.points);
  const sum = parts.reduce((total, { points }) => total + points, 0);
  return { score: Math.min(maxScore, Math.max(0, sum)), parts };
}

/** A tag may be called `constructor`. */
function own(points: Record<string, number> | undefined, name: string): number | undefined {
  return points && Object.hasOwn(points, name) ? points[name] : undefined;
}

function bandOf(lastContactedAt: unknown, bands: NonNullable<LeadScoreWeights['lastContacted']>, at: number) {
  if (typeof lastContactedAt !== 'string') return undefined;
  const days = (at - Date.parse(lastContactedAt)) / millisPerDay;
  return bands
    .toSorted((one, other) => one.withinDays - other.withinDays)
    .find(({ withinDays }) => days <= withinDays);
}
