import { businessDomain, mailboxOf, nameParts, phoneEnding } from '../../shared/duplicates/block-keys.ts';
import { nameSimilarity } from './name-similarity.ts';

/** What speaks for two contacts being one. */
export const duplicateReasons = ['email', 'phone', 'mailbox', 'name', 'similar_name'] as const;
export type DuplicateReason = (typeof duplicateReasons)[number];

/** Below it names are those of different people. */
const alike = 0.75;

/**
 * How sure one can be, each by itself: 1 would be certain. A number that people with different names share is that
 * of a family or an office.
 */
const weights = { email: 0.9, phone: 0.75, sharedPhone: 0.4, mailbox: 0.5, name: 0.8, nameAnywhere: 0.3 };

/**
 * How likely two contacts are the same person, 0 to 100: what speaks for it counts together, as independent
 * evidence does. The same in both orders.
 */
export function scorePair(
  a: Record<string, unknown>,
  b: Record<string, unknown>,
): { score: number; reasons: DuplicateReason[] } {
  const found: [DuplicateReason, number][] = [];
  const likeness = nameSimilarity(nameParts(a.name), nameParts(b.name));
  const similar = likeness >= alike;
  const mailboxes = [mailboxOf(a.email), mailboxOf(b.email)];
  const sameLocal = mailboxes[0] !== undefined && mailboxes[0].local === mailboxes[1]?.local;
  const sameCompany = same(a.companyId, b.companyId);
  const samePhone = same(phoneEnding(a.phone), phoneEnding(b.phone));
  if (sameLocal && mailboxes[0]?.domain === mailboxes[1]?.domain) found.push(['email', weights.email]);
  else if (sameLocal && sameCompany) found.push(['mailbox', weights.mailbox]);
  if (samePhone) found.push(['phone', similar ? weights.phone : weights.sharedPhone]);
  if (similar) {
    const near = sameCompany || samePhone || same(businessDomain(a.email), businessDomain(b.email));
    const weight = likeness * (near ? weights.name : weights.nameAnywhere);
    found.push([likeness > 0.999 ? 'name' : 'similar_name', weight]);
  }
  const doubt = found.reduce((left, [, weight]) => left * (1 - weight), 1);
  return { score: Math.round(100 * (1 - doubt)), reasons: found.map(([reason]) => reason) };
}

function same(a: unknown, b: unknown): boolean {
  return typeof a === 'string' && a === b;
}
