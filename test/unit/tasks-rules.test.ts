import { describe, expect, test } from '@jest/globals';
import { parseLossless } from '../../functions/shared/json.ts';
import { pickSpread } from '../../functions/tasks/claim/contention.ts';
import { pollPause } from '../../functions/tasks/claim/poll-pace.ts';
import {
  afterClaim,
  afterRelease,
  decodeFacts,
  encodeFacts,
  judge,
  withoutRank,
} from '../../functions/tasks/indexes/facts.ts';
import { dueKeys, dueUntil, readSortKey, readyKeys } from '../../functions/tasks/indexes/index-keys.ts';
import { rankOf, sortable } from '../../functions/tasks/indexes/rank.ts';
import { backoffMillis } from '../../functions/tasks/lease/backoff.ts';
import { newLeaseToken, readLeaseToken } from '../../functions/tasks/lease/lease-token.ts';
import {
  hasEnded,
  isAllowed,
  taskStates,
  transitions,
} from '../../functions/tasks/lifecycle/state-machine.ts';
import { onTimer } from '../../functions/tasks/lifecycle/task-timer.ts';
import { taskRoutes } from '../../functions/tasks/routes.ts';
import type { TaskItem } from '../../functions/tasks/task.ts';
import { withJsonMembers } from '../../functions/tasks/task-view.ts';
import { openApiDocument } from '../../tools/openapi.ts';
import { fc } from '../support/property.ts';

const instants = fc.integer({ min: 0, max: Date.UTC(9999, 0) });
const facts = fc
  .record(
    {
      lease: fc.nat(),
      attempt: fc.nat(100),
      maxAttempts: fc.integer({ min: 1, max: 100 }),
      priority: fc.integer({ min: -100, max: 100 }),
      typeVersion: fc.integer({ min: 1, max: 10_000 }),
      startBy: fc.integer({ min: 1, max: Date.UTC(9999, 0) }),
      deadline: fc.integer({ min: 1, max: Date.UTC(9999, 0) }),
    },
    { requiredKeys: ['lease', 'attempt', 'maxAttempts', 'priority', 'typeVersion'] },
  )
  .map((made) => ({ ...made }));
const leasedFacts = fc
  .record({ made: facts, rank: fc.integer({ min: 1, max: Date.UTC(9999, 0) }) })
  .map(({ made, rank }) => ({ ...made, rank }));
const typeNames = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,20}$/);
const id = 'task_01JD0000000000000000000000';

describe('claim order', () => {
  test('text of ranks sorts as the ranks do', () => {
    fc.assert(
      fc.property(instants, instants, (a, b) => {
        expect(sortable(a) < sortable(b)).toBe(a < b);
      }),
    );
  });

  test('ready keys sort by ready time less the head start of the priority', () => {
    const one = fc.record({ at: fc.integer({ min: 1e12, max: 4e12 }), facts, weight: fc.nat(3_600) });
    fc.assert(
      fc.property(one, one, (a, b) => {
        const key = ({ at, facts: f, weight }: typeof a) =>
          readyKeys({ tenantId: 't', type: 'x', id, facts: f, readyShards: 1 }, at, weight).readySk;
        const rank = ({ at, facts: f, weight }: typeof a) => rankOf(at, f.priority, weight);
        if (rank(a) < rank(b)) expect(key(a) < key(b)).toBe(true);
      }),
    );
  });

  test('a priority is a head start, not a class of its own: nothing starves', () => {
    const weight = 60;
    const urgent = rankOf(1_000_000, 10, weight);
    expect(urgent).toBeLessThan(rankOf(1_000_000 - 599_000, 0, weight));
    expect(urgent).toBeGreaterThan(rankOf(1_000_000 - 601_000, 0, weight));
  });

  test('due keys end where now is', () => {
    fc.assert(
      fc.property(instants, instants, facts, (due, now, f) => {
        const { dueSk } = dueKeys({ tenantId: 't', type: 'x', id, facts: f, readyShards: 1 }, due);
        expect(dueSk <= dueUntil(now)).toBe(due <= now);
      }),
    );
  });
});

describe('facts', () => {
  test('come back from an index key as they went in', () => {
    fc.assert(
      fc.property(facts, fc.integer({ min: 1e12, max: 4e12 }), (f, at) => {
        expect(decodeFacts(encodeFacts(f))).toEqual(f);
        const { readySk } = readyKeys({ tenantId: 't', type: 'x', id, facts: f, readyShards: 1 }, at, 0);
        expect(readSortKey(readySk)).toEqual({ id, facts: f, at });
      }),
    );
  });

  test('come back from a lease token, whatever dots the type has', () => {
    fc.assert(
      fc.property(fc.oneof(facts, leasedFacts), typeNames, (f, type) => {
        expect(readLeaseToken(newLeaseToken({ facts: f, type }))).toEqual({ facts: f, type });
      }),
    );
  });

  test.each(['', 'x', 'a.b.c', `${'x'.repeat(22)}.1.2.3`, `${'x'.repeat(22)}.a.b.c.d.e.f.g.h`])(
    'no token is read from %j',
    (text) => expect(readLeaseToken(text)).toBeUndefined(),
  );

  test('of a leased task keep the rank that it was leased under, until it queues anew', () => {
    fc.assert(
      fc.property(leasedFacts, fc.nat(1e12), (f, later) => {
        const task = { tenantId: 't', type: 'x', id, facts: f, readyShards: 1 };
        const { dueSk } = dueKeys(task, later);
        expect(readSortKey(dueSk).facts).toEqual(f);
        const back = readSortKey(readyKeys(task, later, 60).readySk);
        expect(back).toEqual({ id, at: f.rank, facts: withoutRank(f) });
      }),
    );
  });

  test('a token is never given twice', () => {
    const f = { lease: 1, attempt: 1, maxAttempts: 3, priority: 0, typeVersion: 1 };
    const tokens = Array.from({ length: 1_000 }, () => newLeaseToken({ facts: f, type: 'x' }));
    expect(new Set(tokens).size).toBe(1_000);
  });

  test('claims spend attempts until none is left, releases give theirs back', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.array(fc.boolean(), { maxLength: 60 }),
        (max, releases) => {
          let f = decodeFacts(
            encodeFacts({ lease: 0, attempt: 0, maxAttempts: max, priority: 0, typeVersion: 1 }),
          );
          let spent = 0;
          for (const released of releases) {
            expect(judge(f, 0)).toBe(spent < max ? 'claim' : 'dead');
            if (judge(f, 0) === 'dead') return;
            f = afterClaim(f);
            if (released) f = afterRelease(f);
            else spent += 1;
          }
        },
      ),
    );
  });

  test('the latest start counts until the first claim, the deadline always', () => {
    const f = {
      lease: 0,
      attempt: 0,
      maxAttempts: 3,
      priority: 0,
      typeVersion: 1,
      startBy: 100,
      deadline: 200,
    };
    expect(judge(f, 99)).toBe('claim');
    expect(judge(f, 100)).toBe('expired');
    expect(judge(afterClaim(f), 199)).toBe('claim');
    expect(judge(afterClaim(f), 200)).toBe('expired');
  });
});

describe('backoff', () => {
  const policy = { maxAttempts: 5, initialSeconds: 2, factor: 2, maxSeconds: 60, jitter: false };

  test('doubles up to its limit', () => {
    expect([1, 2, 3, 4, 5, 6, 7].map((attempt) => backoffMillis(policy, attempt) / 1_000)).toEqual([
      2, 4, 8, 16, 32, 60, 60,
    ]);
  });

  test('with jitter stays between half and all of it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attempt, random) => {
          const whole = backoffMillis(policy, attempt);
          const jittered = backoffMillis({ ...policy, jitter: true }, attempt, random);
          expect(jittered).toBeGreaterThanOrEqual(whole / 2 - 1);
          expect(jittered).toBeLessThanOrEqual(whole);
        },
      ),
    );
  });
});

describe('the state machine', () => {
  test('nothing leaves an end but a retry by hand', () => {
    const leaving = Object.entries(transitions).filter(([, { from }]) => from.some(hasEnded));
    expect(leaving.map(([name]) => name).sort()).toEqual(['reopen', 'retry']);
  });

  test('every state is reached and every one that has not ended can be cancelled or asked to be', () => {
    const reached = new Set<string>(Object.values(transitions).flatMap(({ to }) => to));
    expect(taskStates.filter((state) => !reached.has(state))).toEqual([]);
    const stoppable = taskStates.filter(
      (state) => isAllowed('cancel', state) || isAllowed('requestCancel', state),
    );
    expect(stoppable).toEqual(taskStates.filter((state) => !hasEnded(state)));
  });
});

describe('spreading after a lost race', () => {
  test('takes neighbours from within the pool, the very first ones without a spread', () => {
    fc.assert(
      fc.property(
        fc.nat(60),
        fc.integer({ min: 1, max: 25 }),
        fc.nat(60),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (size, wanted, spread, random) => {
          const pool = Array.from({ length: size }, (_, at) => at);
          const picked = pickSpread(pool, wanted, spread, random);
          expect(picked.length).toBe(Math.min(size, wanted));
          expect(picked).toEqual(picked.map((_, at) => (picked[0] ?? 0) + at));
          if (spread === 0 && size > 0) expect(picked[0]).toBe(0);
          expect(picked[0] ?? 0).toBeLessThanOrEqual(spread);
        },
      ),
    );
  });
});

describe('JSON', () => {
  test('goes through unchanged, letter by letter', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const canonical = JSON.stringify(parseLossless(text));
        const body = withJsonMembers({ id: 'x' }, { input: canonical, result: undefined });
        expect(JSON.stringify(parseLossless(body))).toBe(`{"id":"x","input":${canonical},"result":null}`);
      }),
    );
  });

  test('every number comes back with the value that it was written with', () => {
    const digits = fc.stringMatching(/^-?(0|[1-9]\d{0,20})(\.\d{1,20})?([eE][+-]?\d{1,3})?$/);
    const exact = (source: string) => {
      const [mantissa = '', exponent = '0'] = source.toLowerCase().split('e');
      const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
      const figures = `${whole}${fraction}`.replace(/^0+/, '');
      const significant = figures.replace(/0+$/, '');
      if (significant === '') return mantissa.startsWith('-') ? '-0' : '0';
      const power = Number(exponent) - fraction.length + figures.length - significant.length;
      return `${mantissa.startsWith('-') ? '-' : ''}${significant}e${power}`;
    };
    fc.assert(
      fc.property(digits, (source) => {
        for (const text of [source, `[${source}]`, `{"a": ${source}}`]) {
          const written = JSON.stringify(parseLossless(text));
          expect(exact(written.replace(/^[^\d-]*|[^\d]*$/g, ''))).toBe(exact(source));
        }
      }),
      { numRuns: 3_000 },
    );
  });

  test.each([
    '123456789012345678901',
    '{}',
    '[]',
    '0',
    '-0',
    'false',
    '""',
    '1e400',
    '0.1000000000000000055511',
  ])('%s survives', (text) => {
    expect(JSON.stringify(parseLossless(text))).toBe(text);
  });
});

describe('the clock', () => {
  const base = { state: 'ready', lease: 0, attempt: 0, maxAttempts: 3, executor: 'worker' } as TaskItem;
  const at = (millis: number) => new Date(millis).toISOString();

  test.each<[string, Partial<TaskItem>, string]>([
    ['a deadline that has passed', { deadline: at(500) }, 'expired'],
    ['a deadline of a claimed task', { state: 'claimed', lease: 1, deadline: at(500) }, 'expired'],
    ['a latest start that has passed', { startBy: at(500) }, 'expired'],
    ['a latest start that was met', { lease: 1, startBy: at(500), deadline: at(5_000) }, 'rearm'],
    ['a to-do whose start has come', { executor: 'person', state: 'scheduled', runAt: at(500) }, 'start'],
    ['a worker task whose start has come', { state: 'scheduled', runAt: at(500) }, 'rearm'],
    [
      'a cancelled lease that has ended',
      { state: 'claimed', lease: 1, cancelRequested: true, leaseExpiresAt: at(500) },
      'cancelled',
    ],
    [
      'a cancelled lease that goes on',
      { state: 'claimed', lease: 1, cancelRequested: true, leaseExpiresAt: at(5_000) },
      'rearm',
    ],
    [
      'a last lease that has ended',
      { state: 'claimed', lease: 1, attempt: 1, maxAttempts: 1, leaseExpiresAt: at(500) },
      'dead',
    ],
    ['a task that has ended', { state: 'completed', deadline: at(500) }, 'rearm'],
  ])('%s', (_, members, action) => {
    expect(onTimer({ ...base, ...members } as TaskItem, 1_000)).toBe(action);
  });
});

describe('a waiting claim', () => {
  // As Math.random gives them: 1 is never among them.
  const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  test('looks every 40 to 60 ms, however long it has waited', () => {
    fc.assert(
      fc.property(randoms, fc.integer({ min: 1, max: 10 }), (random, queries) => {
        expect(pollPause(queries, random)).toBeGreaterThanOrEqual(40);
        expect(pollPause(queries, random)).toBeLessThanOrEqual(60);
      }),
    );
  });

  test('of many types or shards never takes more than two hundred and fifty Queries a second', () => {
    fc.assert(
      fc.property(randoms, fc.integer({ min: 1, max: 160 }), (random, queries) => {
        expect((queries * 1_000) / pollPause(queries, random)).toBeLessThan(250.001);
      }),
    );
  });
});

describe('the Idempotency-Key', () => {
  test('is offered by the calls that it has an effect on, and the others say what repeating them does', () => {
    const { paths } = openApiDocument(taskRoutes, '1') as {
      paths: Record<
        string,
        { post?: { operationId: string; description?: string; parameters: { name: string }[] } }
      >;
    };
    const posts = Object.values(paths).flatMap(({ post }) => (post ? [post] : []));
    const offered = posts.filter(({ parameters }) =>
      parameters.some(({ name }) => name === 'Idempotency-Key'),
    );
    expect(offered.map(({ operationId }) => operationId).sort()).toEqual([
      'batchTasks',
      'cancelTask',
      'claimTasks',
      'enqueueTask',
      'rebuildCounters',
      'redriveDeadLetters',
      'reportTasks',
      'rescoreContacts',
      'retryTask',
    ]);
    for (const post of posts.filter((each) => !offered.includes(each))) {
      expect(post.description).toMatch(/^Repeating it .* An Idempotency-Key has no effect\.$/);
    }
  });
});
