import { randomUUID } from 'node:crypto';
import { clientOf, type HttpAnswer } from './http.ts';
import type { Ledger } from './ledger.ts';
import { randomBetween, sleep } from './wait.ts';

export interface WorkerSettings {
  url: string;
  token: string;
  types: string[];
  workerId: string;
  /** Tasks in one claim; they are worked on one after the other. */
  max: number;
  leaseSeconds?: number;
  waitSeconds: number;
  /** Least and most milliseconds that a task takes. */
  workMillis: [number, number];
  /** A claim whose answer is lost is made again under its `claimId`; otherwise it is forgotten and its leases end. */
  repeatsClaims: boolean;
  /** Sends each complete this often, all at the same time. */
  completes?: number;
  /** Fails every task instead, with this code. */
  failsWith?: string;
}

interface Lease {
  id: string;
  leaseToken: string;
  leaseExpiresAt: string;
  attempt: number;
}

/** A stack that is away for longer than this, in milliseconds, does not come back. */
const patienceMillis = 180_000;

/** A worker as docs/worker-protocol.md asks for one: claim, work, settle, repeat what was not answered. */
export async function runWorker(
  settings: WorkerSettings,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<void> {
  const client = clientOf(settings.url, settings.token);
  try {
    while (!signal.aborted) {
      for (const lease of await claim()) await work(lease);
    }
  } finally {
    client.close();
  }

  async function claim(): Promise<Lease[]> {
    const { types, workerId, max, leaseSeconds, waitSeconds, repeatsClaims } = settings;
    const body = { types, workerId, max, leaseSeconds, waitSeconds };
    const claimId = repeatsClaims ? randomUUID() : undefined;
    const patience = performance.now() + patienceMillis;
    for (;;) {
      const answer = await client
        .call('POST', '/api/v1/tasks/claim', { ...body, claimId })
        .catch((error) => ({ status: 0, body: String(error) }));
      if (answer.status === 200) return noteLeases(answer);
      const passing = answer.status === 0 || answer.status >= 500;
      if (!passing || performance.now() > patience) {
        throw new Error(`claim → ${answer.status} ${JSON.stringify(answer.body)}`);
      }
      ledger.note({ kind: 'claimBroken', status: answer.status });
      await sleep(randomBetween(20, 80));
      if (!repeatsClaims) return [];
    }
  }

  function noteLeases({ body }: HttpAnswer): Lease[] {
    for (const { id, leaseToken, leaseExpiresAt, attempt } of body.tasks as Lease[]) {
      ledger.note({
        kind: 'leased',
        task: id,
        token: leaseToken,
        leaseExpiresAt: Date.parse(leaseExpiresAt),
        attempt,
      });
    }
    return body.tasks;
  }

  async function work({ id, leaseToken }: Lease): Promise<void> {
    const noted = { task: id, token: leaseToken };
    ledger.note({ kind: 'started', ...noted });
    await sleep(randomBetween(...settings.workMillis));
    const { failsWith, completes = 1 } = settings;
    const [how, body] = failsWith
      ? ['fail', { leaseToken, error: { code: failsWith, message: 'as always' } }]
      : ['complete', { leaseToken, result: { token: leaseToken } }];
    const answers = await Promise.all(
      Array.from({ length: completes }, () => client.insist('POST', `/api/v1/tasks/${id}/${how}`, body)),
    );
    for (const { status, body: answer } of answers) {
      if (status !== 200) ledger.note({ kind: 'refused', ...noted, status, code: answer?.code ?? '' });
      else if (failsWith) ledger.note({ kind: 'failed', ...noted, state: answer.state });
      else ledger.note({ kind: 'completed', ...noted });
    }
  }
}
