import { signedPost } from '../shared/aws/signed-request.ts';
import { env } from '../shared/environment.ts';
import { log } from '../shared/logger.ts';
import { countMetric } from '../shared/metrics.ts';
import type { Publication } from './publications.ts';

const inputTypes = {
  publishRecordChange: 'RecordChangeInput',
  publishTaskChange: 'TaskChangeInput',
} as const;

/** Subscribers receive only what the mutation selects, and `tenantId` is what the filter looks at. */
const fragments = {
  publishRecordChange:
    'fragment publishRecordChange on RecordChange { tenantId entity id version action at actor changedFields record }',
  publishTaskChange:
    'fragment publishTaskChange on TaskChange { tenantId id type state previousState version at title assigneeId progressPercent progressMessage }',
} as const;

/** One request has a 1 MB body and an answer, both at AppSync; a record has at most some 30 KB. */
const publicationsPerRequest = 20;
const attempts = 3;
const timeoutMillis = 5_000;

/**
 * Publishes to subscribers. It never throws: the change itself is done and counted, and a live view that
 * missed a message reads again when it reconnects, while a stream that waited for it would hold up everybody.
 */
export async function publish(publications: Publication[]): Promise<void> {
  for (let start = 0; start < publications.length; start += publicationsPerRequest) {
    const some = publications.slice(start, start + publicationsPerRequest);
    try {
      await send(publishRequest(some));
    } catch (error) {
      countMetric('PublishFailures', some.length);
      log().error('changes were not published', { count: some.length, error: error as Error });
    }
  }
}

/** One document with a mutation per publication. */
export function publishRequest(publications: Publication[]): string {
  const mutations = new Set(publications.map(({ mutation }) => mutation));
  const variables = publications.map(({ mutation }, at) => `$p${at}: ${inputTypes[mutation]}!`);
  const fields = publications.map(
    ({ mutation }, at) => `p${at}: ${mutation}(input: $p${at}) { ...${mutation} }`,
  );
  return JSON.stringify({
    query: `mutation Publish(${variables.join(', ')}) { ${fields.join(' ')} } ${[...mutations].map((name) => fragments[name]).join(' ')}`,
    variables: Object.fromEntries(publications.map(({ input }, at) => [`p${at}`, input])),
  });
}

async function send(body: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const response = await signedPost({
        service: 'appsync',
        url: new URL(env('GRAPHQL_URL')),
        headers: { 'content-type': 'application/json' },
        body,
        timeoutMillis,
      });
      const answer = (await response.json()) as { errors?: { message: string }[] };
      if (response.ok && !answer.errors?.length) return;
      throw new Error(answer.errors?.[0]?.message ?? `AppSync answered ${response.status}`);
    } catch (error) {
      if (attempt === attempts) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 100 * 2 ** attempt));
    }
  }
}
