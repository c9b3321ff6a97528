import { type Actor, systemActor } from '../../shared/actor.ts';
import { instant } from '../../shared/clock.ts';
import { ConditionFailed, getItem, putItem } from '../../shared/dynamo/table.ts';
import { shortCache } from '../../shared/short-cache.ts';
import { isLiving, recordKey, toItem } from '../records/record-item.ts';
import type { DeclaredTask } from './declared-task.ts';
import { defaultPipeline, defaultPipelineId } from './default-pipeline.ts';
import { pipeline } from './pipeline.ts';
import type { Stage } from './stages.ts';

/** A pipeline as deals see it. */
export interface Pipeline {
  id: string;
  version: number;
  name: string;
  stages: Stage[];
  onWon: DeclaredTask[];
}

const pipelines = shortCache<Pipeline>(
  async (key) => {
    const [tenantId = '', id = ''] = key.split('#');
    if (id === defaultPipelineId) await ensureDefaultPipeline(systemActor(tenantId, 'default-pipeline'));
    const item = await getItem('crm', recordKey(pipeline, tenantId, id));
    return isLiving(item) ? (item as unknown as Pipeline) : undefined;
  },
  { seconds: 30 },
);

/**
 * A pipeline as it was at most 30 s ago; undefined when there is none. What is written by it checks its version in
 * the same transaction.
 */
export function findPipeline(tenantId: string, id: string): Promise<Pipeline | undefined> {
  return pipelines(`${tenantId}#${id}`);
}

/** It has another version by now. */
export function forgetPipeline(tenantId: string, id: string): void {
  pipelines.forget(`${tenantId}#${id}`);
}

/** Tenants whose default pipeline is there, in this sandbox's knowledge. */
const ensured = shortCache<true>(
  async (tenantId) => {
    const actor = systemActor(tenantId, 'default-pipeline');
    if (await getItem('crm', recordKey(pipeline, tenantId, defaultPipelineId))) return true;
    const at = instant();
    const record = {
      ...{ id: defaultPipelineId, version: 1, createdAt: at, updatedAt: at },
      ...{ createdBy: actor.caller.subject, updatedBy: actor.caller.subject },
      ...defaultPipeline,
    };
    try {
      await putItem('crm', toItem(pipeline, tenantId, record, actor.requestId), {
        text: 'attribute_not_exists(pk)',
      });
    } catch (error) {
      // Somebody else was faster.
      if (!(error instanceof ConditionFailed)) throw error;
    }
    return true;
  },
  { seconds: 3_600 },
);

/** Makes the tenant's default pipeline unless it is there. */
export async function ensureDefaultPipeline({ caller }: Actor): Promise<void> {
  await ensured(caller.tenantId);
}
