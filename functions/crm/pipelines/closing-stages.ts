import { setTimeout as sleep } from 'node:timers/promises';
import type { Actor } from '../../shared/actor.ts';
import { now } from '../../shared/clock.ts';
import { ConditionFailed, deleteItem, putItem, queryPage } from '../../shared/dynamo/table.ts';
import { mapConcurrently } from '../../shared/map-concurrently.ts';
import { Problem } from '../../shared/problem.ts';
import type { PlannedWrite } from '../../shared/write-plan.ts';
import { forgetPipeline } from './find-pipeline.ts';
import type { Stage } from './stages.ts';

/**
 * A stage may only go while no deal stands in it, and none may enter between the look and the write. So whoever
 * takes stages away bars them first: with the bar in place no deal enters, and every deal that has entered before
 * is there to be seen. The bar goes in the transaction in which the stage goes.
 */
const barKey = (tenantId: string, pipelineId: string, stageId: string) => ({
  pk: `${tenantId}#closing#${pipelineId}/${stageId}`,
  sk: 'guard',
});

/** What a crash has left does not bar a stage for longer, in milliseconds. */
const barMillis = 30_000;
/** By then indexes have followed the writes before the bar: AWS says a fraction of a second. */
const indexMillis = 200;

/**
 * Bars the stages, and looks whether they are empty: for each a write and a Query of one row.
 * @returns what lifts the bars, for the transaction that takes the stages away
 * @throws {Problem} `invalid_transition` while a deal stands in one of them, `conflict` while somebody else is at it
 */
export async function barStages(pipelineId: string, stages: Stage[], actor: Actor): Promise<PlannedWrite[]> {
  if (stages.length === 0) return [];
  const { tenantId } = actor.caller;
  const holder = actor.requestId;
  const keys = stages.map(({ id }) => barKey(tenantId, pipelineId, id));
  const own = { text: 'holder = :holder', values: { ':holder': holder } };
  try {
    await mapConcurrently(keys, 8, (key) => putBar(key, holder));
    await sleep(indexMillis);
    await requireEmpty(tenantId, pipelineId, stages);
  } catch (error) {
    await mapConcurrently(keys, 8, (key) => ignoringRefusal(deleteItem('crm', key, own)));
    throw error;
  }
  return keys.map((key) => ({ write: { kind: 'delete', table: 'crm', key, condition: own } }));
}

async function putBar(key: ReturnType<typeof barKey>, holder: string): Promise<void> {
  const at = now().getTime();
  try {
    await putItem(
      'crm',
      { ...key, holder, until: at + barMillis },
      {
        text: 'attribute_not_exists(pk) OR holder = :holder OR #until < :now',
        names: { '#until': 'until' },
        values: { ':holder': holder, ':now': at },
      },
    );
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    throw new Problem('conflict', 'Somebody else is taking the stage away; try again');
  }
}

async function requireEmpty(tenantId: string, pipelineId: string, stages: Stage[]): Promise<void> {
  const found = await mapConcurrently(stages, 8, async (stage) => {
    const { items } = await queryPage({
      table: 'crm',
      index: 'byDeal',
      key: {
        text: 'dealPk = :stage',
        values: { ':stage': `${tenantId}#deal#${pipelineId}/${stage.id}` },
      },
      limit: 1,
    });
    return items.length > 0 ? [stage] : [];
  });
  const taken = found.flat();
  if (taken.length === 0) return;
  throw new Problem(
    'invalid_transition',
    `There are deals in ${taken.map(({ name }) => name).join(', ')}; move them to another stage before`,
    { extensions: { stageIds: taken.map(({ id }) => id) } },
  );
}

/** Bars that were met after their time: whoever held them has crashed. */
const leftOver = new Set<string>();

/** The check that a stage is not barred, for the transaction in which a deal enters it. */
export async function notBarred(
  tenantId: string,
  pipelineId: string,
  stageId: string,
): Promise<PlannedWrite> {
  const key = barKey(tenantId, pipelineId, stageId);
  if (leftOver.delete(key.pk)) {
    const over = {
      text: '#until < :now',
      names: { '#until': 'until' },
      values: { ':now': now().getTime() },
    };
    await ignoringRefusal(deleteItem('crm', key, over));
  }
  return {
    write: { kind: 'check', table: 'crm', key, condition: { text: 'attribute_not_exists(pk)' } },
    refused: (current) => {
      if (Number(current?.until) < now().getTime()) leftOver.add(key.pk);
      forgetPipeline(tenantId, pipelineId);
      return new Problem('conflict', 'The stage is being taken away; try again');
    },
  };
}

async function ignoringRefusal(write: Promise<void>): Promise<void> {
  try {
    await write;
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}
