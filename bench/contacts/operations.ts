import type { BenchClient } from '../http-client.ts';
import { familyName, rareName } from './contact-items.ts';

/** A call that is made over and over. */
export interface Operation {
  name: string;
  /** How often, all rounds together. */
  count: number;
  /** @param at a running number @throws when it fails */
  run(at: number): Promise<void>;
}

const batchSize = 25;

/** What users do with contacts, on those that are there. */
export async function contactOperations(client: BenchClient): Promise<Operation[]> {
  const get = async (path: string) => {
    await client.call('GET', `/api/v1/contacts${path}`);
  };
  const ids = await someIds(client);
  const run = Math.random().toString(36).slice(2, 8);
  let created = 0;
  const newContact = () => {
    created += 1;
    return { name: `Bench ${created}`, email: `bench-${run}-${created}@bench.example`, stage: 'lead' };
  };
  return [
    {
      name: 'create (unique e-mail)',
      count: 600,
      run: async () => {
        await client.call('POST', '/api/v1/contacts', newContact());
      },
    },
    { name: 'get', count: 1_200, run: (at) => get(`/${ids[at % ids.length]}`) },
    { name: 'list, newest changes first', count: 300, run: () => get('?limit=50') },
    { name: 'list a stage', count: 300, run: () => get('?stage=customer&limit=50') },
    { name: 'list names that begin with …', count: 300, run: () => get('?name[prefix]=barb&limit=50') },
    { name: 'list by score', count: 300, run: () => get('?score[gte]=50&sort=score&limit=50') },
    {
      name: 'patch',
      count: 600,
      run: async (at) => {
        await client.call('PATCH', `/api/v1/contacts/${ids[at % ids.length]}`, { title: `Title ${at}` });
      },
    },
    { name: 'search, many match', count: 300, run: () => get('?q=ada&limit=50') },
    { name: 'search, few match', count: 300, run: (at) => get(`?q=${rareName}${(at % 10) * 97}q&limit=50`) },
    {
      name: 'search, first and last name',
      count: 300,
      run: (at) => get(`?q=ada%20${familyName(at % 10)}&limit=50`),
    },
    // With a thousand contacts hardly a page has both; with more, rows of the one are read to find the other.
    { name: 'search, two common words', count: 300, run: () => get('?q=ada%20hop&limit=50') },
    {
      name: `batch of ${batchSize} creations`,
      count: 60,
      run: async () => {
        const operations = Array.from({ length: batchSize }, () => ({ op: 'create', data: newContact() }));
        await client.call('POST', '/api/v1/contacts/batch', { operations });
      },
    },
  ];
}

async function someIds(client: BenchClient): Promise<string[]> {
  const { text } = await client.call('GET', '/api/v1/contacts?sort=createdAt&limit=100&fields=id');
  return (JSON.parse(text) as { data: { id: string }[] }).data.map(({ id }) => id);
}
