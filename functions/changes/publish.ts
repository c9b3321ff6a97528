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
const attemptMillis = 5_000;
/** For all publications of a batch, in milliseconds: the function has 60 s, and history comes first. */
const publishMillis = 10_000;

/**
 * Publishes to subscribers, as far as AppSync takes them in time: after a request that failed for good the rest
 * is given up. It never throws: the change itself is done and counted, and a live view that missed a message
 * reads again when it reconnects, while a stream that waited for it would hold up everybody.
 * @param withinMillis for all of them together
 */
export async function publish(publications: Publication[], withinMillis = publishMillis): Promise<void> {
  const deadline = Date.now() + withinMillis;
  for (let start = 0; start < publications.length; start += publicationsPerRequest) {
    try {
      await send(publishRequest(publications.slice(start, start + publicationsPerRequest)), deadline);
    } catch (error) {
      const count = publications.length - start;
      countMetric('PublishFailures', count);
      log().error('changes were not published', { count, error: error as Error });
      return;
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

/** @param deadline epoch milliseconds; no attempt begins or lasts beyond it */
async function send(body: string, deadline: number): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const left = deadline - Date.now();
      if (left <= 0) throw new Error('there is no time left to publish');
      const response = await signedPost({
        service: 'appsync',
        url: new URL(env('GRAPHQL_URL')),
        headers: { 'content-type': 'application/json' },
        body,
        timeoutMillis: Math.min(attemptMillis, left),
      });
      const answer = (await response.json()) as { errors?: { message: string }[] };
      if (response.ok && !answer.errors?.length) return;
      throw new Error(answer.errors?.[0]?.message ?? `AppSync answered ${response.status}`);
    } catch (error) {
      if (attempt === attempts || Date.now() >= deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 100 * 2 ** attempt));
    }
  }
}
