import { describe, expect, test } from '@jest/globals';
import { createGraphqlEngine, type Identity } from '../support/graphql-engine.ts';

const engine = createGraphqlEngine();
const member: Identity = { tenantId: 'tenant-1', role: 'member' };

describe('subscriptions', () => {
  const publish = (input: Record<string, unknown>) =>
    engine.run(
      'mutation ($input: RecordChangeInput!) { publishRecordChange(input: $input) { tenantId entity id version action at actor changedFields record } }',
      'service',
      { input },
    );
  const change = (tenantId: string, entity: string) => ({
    tenantId,
    entity,
    id: 'x',
    version: 1,
    action: 'created',
    at: '2026-01-01T00:00:00.000Z',
    actor: 'user-1',
    changedFields: ['name'],
    record: '{"name":"Ada"}',
  });

  test('deliver the changes of the own tenant and of the wanted entity', async () => {
    const all = await engine.subscribe('subscription { recordChanged { id entity record } }', member);
    const companies = await engine.subscribe(
      'subscription { recordChanged(entity: company) { id } }',
      member,
    );
    for (const entity of ['contact', 'company']) {
      const { errors } = await publish(change(member.tenantId, entity));
      expect(errors).toBeUndefined();
      await publish(change('somebody-else', entity));
    }
    expect(all.events).toHaveLength(2);
    expect(all.events[0]?.data).toEqual({
      recordChanged: { id: 'x', entity: 'contact', record: '{"name":"Ada"}' },
    });
    expect(companies.events).toHaveLength(1);
  });

  test('of another tenant are FORBIDDEN, of records to workers too', async () => {
    await expect(
      engine.subscribe('subscription { recordChanged(tenantId: "other") { id } }', member),
    ).rejects.toMatchObject({
      errors: [{ errorType: 'FORBIDDEN' }],
    });
    await expect(
      engine.subscribe('subscription { recordChanged { id } }', { ...member, role: 'worker' }),
    ).rejects.toMatchObject({
      errors: [{ errorType: 'forbidden' }],
    });
  });

  test('of tasks are limited to the types of the key', async () => {
    const scoped = { ...member, role: 'worker', taskTypes: 'a,b' };
    await expect(engine.subscribe('subscription { taskChanged { id } }', scoped)).rejects.toMatchObject({
      errors: [{ errorType: 'forbidden' }],
    });
    const { events } = await engine.subscribe(
      'subscription { taskChanged(type: "b", state: ready) { id } }',
      scoped,
    );
    const query =
      'mutation ($input: TaskChangeInput!) { publishTaskChange(input: $input) { tenantId id type state previousState version at } }';
    for (const [id, type, state] of [
      ['1', 'b', 'ready'],
      ['2', 'a', 'ready'],
      ['3', 'b', 'claimed'],
    ]) {
      const input = {
        tenantId: member.tenantId,
        id,
        type,
        state,
        version: 1,
        at: '2026-01-01T00:00:00.000Z',
      };
      await engine.run(query, 'service', { input });
    }
    expect(events.map(({ data }) => data)).toEqual([{ taskChanged: { id: '1' } }]);
  });
});
