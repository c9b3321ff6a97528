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

/** One request has a 1 MB body and an answer (AWS), and an order of many lines has more than 200 KB. */
const publicationsPerRequest = 20;
const bytesPerRequest = 800_000;
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
  let published = 0;
  for (const some of inRequests(publications)) {
    try {
      await send(publishRequest(some), deadline);
      published += some.length;
    } catch (error) {
      const count = publications.length - published;
      countMetric('PublishFailures', count);
      log().error('changes were not published', { count, error: error as Error });
      return;
    }
  }
}

/** Publications in their order, as many in a request as fit. */
export function inRequests(publications: Publication[]): Publication[][] {
  const requests: Publication[][] = [];
  let bytes = 0;
  for (const publication of publications) {
    const size = Buffer.byteLength(JSON.stringify(publication.input));
    const current = requests.at(-1);
    if (current && current.length < publicationsPerRequest && bytes + size <= bytesPerRequest) {
      current.push(publication);
      bytes += size;
    } else {
      requests.push([publication]);
      bytes = size;
    }
  }
  return requests;
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
