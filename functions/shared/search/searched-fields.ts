import type { WordKind } from './words.ts';

type Fields = Readonly<Record<string, WordKind>>;

/** The fields of each entity whose words a search finds; the first ones are kept when a record has too many words. */
export const searchedFields = {
  contact: { name: 'text', email: 'address', phone: 'phone' },
  company: { name: 'text', domain: 'address', phone: 'phone' },
  pipeline: { name: 'text' },
  deal: { title: 'text' },
  activity: { subject: 'text', outcome: 'text' },
  product: { name: 'text', sku: 'number' },
  order: { number: 'number', reference: 'number' },
  invoice: { number: 'number', reference: 'number' },
} as const satisfies Record<string, Fields>;

export type SearchedEntity = keyof typeof searchedFields;

export function isSearched(entity: string): entity is SearchedEntity {
  return Object.hasOwn(searchedFields, entity);
}
