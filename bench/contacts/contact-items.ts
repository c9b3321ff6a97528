import { contact, contactStages } from '../../functions/crm/contacts/contact.ts';
import type { CrmRecord } from '../../functions/crm/records/entity.ts';
import { toItem } from '../../functions/crm/records/record-item.ts';
import { guardKey } from '../../functions/crm/records/unique-guard.ts';
import { countersKey } from '../../functions/shared/counters-key.ts';
import { newId } from '../../functions/shared/ids.ts';
import { wordItems } from '../../functions/shared/search/word-item.ts';
import type { SeedItem } from './sqlite-seed.ts';

export const seedTenant = 'acme';

const firstNames = 'Ada Alan Barbara Claude Donald Edsger Frances Grace Hedy Ivan John Katherine'.split(' ');
const lastNames = 'Allen Backus Church Dijkstra Engelbart Floyd Gray Hopper Iverson Johnson Knuth'.split(' ');

/** One name in so many is a rare one, by which a search finds few. */
const rareEvery = 97;

/** The beginning of the rare names. */
export const rareName = 'zyx';

const alphabet = 'abcdefghijklmnopqrstuvwxyz';

/** So many contacts share a family, whatever their number. */
const familySize = 100;

/** The name of a family, such as `famba9`; none is the beginning of another. */
export function familyName(family: number): string {
  const letters = [...family.toString(26)].map((digit) => alphabet[Number.parseInt(digit, 26)]);
  return `fam${letters.join('')}9`;
}

/**
 * Contacts as creating them leaves them: the item, the guard of the e-mail address, the words of the search, the
 * counters. A second apart, up to now.
 */
export function* contactItems(count: number): Generator<SeedItem> {
  const begin = Date.now() - count * 1_000;
  const stages: Record<string, number> = {};
  for (let at = 0; at < count; at += 1) {
    const time = new Date(begin + at * 1_000);
    const stage = contactStages[at % contactStages.length] ?? 'lead';
    stages[`stage:${stage}`] = (stages[`stage:${stage}`] ?? 0) + 1;
    const record = newContact(at, time, stage);
    const item = toItem(contact, seedTenant, record, 'seed');
    yield { table: 'crm', item };
    const [email] = contact.unique;
    if (email) {
      const guard = guardKey(contact, seedTenant, email, String(record.email));
      yield { table: 'crm', item: { ...guard, recordId: record.id } };
    }
    for (const word of wordItems(seedTenant, 'contact', item)) yield { table: 'views', item: word };
  }
  const counters = { total: count, ...stages, 'status:active': count };
  yield { table: 'views', item: { ...countersKey(seedTenant, 'contact'), ...counters } };
}

function newContact(at: number, time: Date, stage: string): CrmRecord {
  const first = firstNames[at % firstNames.length];
  const last = lastNames[Math.floor(at / firstNames.length) % lastNames.length];
  const rare = at % rareEvery === 0 ? ` ${rareName}${at}q` : '';
  return {
    id: newId('con', time.getTime()),
    version: 1,
    createdAt: time.toISOString(),
    updatedAt: time.toISOString(),
    createdBy: 'seed',
    updatedBy: 'seed',
    name: `${first} ${last} ${familyName(Math.floor(at / familySize))}${rare}`,
    email: `contact-${at}@seed.example`,
    stage,
    status: 'active',
    tags: [],
    score: at % 100,
  };
}
