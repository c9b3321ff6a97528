import type { Client, HttpAnswer } from './http.ts';
import type { Ledger } from './ledger.ts';
import { until } from './wait.ts';

export interface HeldLease {
  id: string;
  leaseToken: string;
  leaseExpiresAt: string;
  attempt: number;
}

/** Claims and completes by hand, for scenarios in which it matters which holder does what and when. */
export interface LeaseHolder {
  claim(type: string, leaseSeconds: number, max?: number): Promise<HeldLease[]>;
  /** Claims until there are so many leases. */
  claimAll(type: string, leaseSeconds: number, count: number): Promise<HeldLease[]>;
  /** The lease ends in a second, whatever it was before. */
  letEnd(lease: HeldLease): Promise<void>;
  complete(lease: HeldLease): Promise<HttpAnswer>;
}

const largestClaim = 25;

export function leaseHolder(client: Client, { note }: Ledger): LeaseHolder {
  const claim: LeaseHolder['claim'] = async (type, leaseSeconds, max = largestClaim) => {
    const body = { types: [type], workerId: 'by-hand', max, leaseSeconds };
    const answer = await client.call('POST', '/api/v1/tasks/claim', body);
    if (answer.status !== 200) throw new Error(`claim → ${answer.status} ${JSON.stringify(answer.body)}`);
    for (const { id, leaseToken, leaseExpiresAt, attempt } of answer.body.tasks as HeldLease[]) {
      const noted = { task: id, token: leaseToken };
      note({ kind: 'leased', ...noted, leaseExpiresAt: Date.parse(leaseExpiresAt), attempt });
      note({ kind: 'started', ...noted });
    }
    return answer.body.tasks;
  };
  return {
    claim,
    async claimAll(type, leaseSeconds, count) {
      const leases: HeldLease[] = [];
      await until(`${count} leases of ${type}`, 60_000, async () => {
        leases.push(...(await claim(type, leaseSeconds)));
        return leases.length >= count;
      });
      return leases;
    },
    async letEnd({ id, leaseToken }) {
      const answer = await client.call('POST', `/api/v1/tasks/${id}/heartbeat`, {
        leaseToken,
        leaseSeconds: 1,
      });
      if (answer.status !== 200)
        throw new Error(`heartbeat → ${answer.status} ${JSON.stringify(answer.body)}`);
    },
    async complete({ id, leaseToken }) {
      const body = { leaseToken, result: { token: leaseToken } };
      const answer = await client.call('POST', `/api/v1/tasks/${id}/complete`, body);
      if (answer.status === 200) note({ kind: 'completed', task: id, token: leaseToken });
      return answer;
    },
  };
}
