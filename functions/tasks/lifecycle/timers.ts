import type { Item } from '../../shared/dynamo/item.ts';
import { batchGetItems, queryPage } from '../../shared/dynamo/table.ts';
import { log } from '../../shared/logger.ts';
import { mapConcurrently } from '../../shared/map-concurrently.ts';
import { timerPartition, timerShards, timersUntil } from '../indexes/index-keys.ts';
import { handleTaskTimer } from './task-timer.ts';

/** What is done with an item whose timer has run out. It must move or remove the timer, or it comes back. */
export type TimerHandler = (item: Item, requestId: string, at: Date) => Promise<void>;

/** By the `entity` of the item: whatever has a timer stands in the same index. */
export type TimerHandlers = Record<string, TimerHandler>;

/** The timers of tasks. */
export const taskTimers: TimerHandlers = { task: handleTaskTimer };

const pageSize = 100;
const atOnce = 8;

/** How a run of the clock went. */
export interface TimerRun {
  /** Timers that had run out and were handled. */
  handled: number;
  /** Timers that could not be handled; the next run tries again. */
  failed: number;
  /** More are due than this run could handle; the next one goes on. */
  more: boolean;
}

/**
 * Handles the timers that have run out, of all tenants: a Query a shard and page, a BatchGetItem, and what the
 * handlers do. A timer that fails holds up no other.
 * @param untilMillis when nothing further is begun, epoch milliseconds
 */
export async function runTimers(
  requestId: string,
  untilMillis: number,
  handlers: TimerHandlers = taskTimers,
): Promise<TimerRun> {
  const run: TimerRun = { handled: 0, failed: 0, more: false };
  await Promise.all(
    Array.from({ length: timerShards }, async (_, shard) => {
      try {
        await runShard(shard, { requestId, untilMillis, handlers, run });
      } catch (error) {
        run.failed += 1;
        log().error('timers could not be read', { shard, error: error as Error });
      }
    }),
  );
  return run;
}

interface RunContext {
  requestId: string;
  untilMillis: number;
  handlers: TimerHandlers;
  run: TimerRun;
}

/** Pages go forward, so that timers that keep failing do not stand before the others. */
async function runShard(shard: number, context: RunContext): Promise<void> {
  const until = timersUntil(Date.now());
  let startKey: Item | undefined;
  do {
    if (isOver(context)) return;
    const page = await queryPage({
      table: 'tasks',
      index: 'byTimer',
      key: {
        text: 'timerPk = :pk AND timerSk <= :until',
        values: { ':pk': timerPartition(shard), ':until': until },
      },
      limit: pageSize,
      ...(startKey && { startKey }),
    });
    const keys = page.items.map(({ pk, sk }) => ({ pk: pk as string, sk: sk as string }));
    const items = await batchGetItems('tasks', keys);
    await mapConcurrently(items, atOnce, (item) => handleItem(item, context));
    startKey = page.lastKey;
  } while (startKey);
}

function isOver({ untilMillis, run }: RunContext): boolean {
  const over = Date.now() >= untilMillis;
  if (over) run.more = true;
  return over;
}

async function handleItem(item: Item, context: RunContext): Promise<void> {
  if (isOver(context)) return;
  const { handlers, requestId, run } = context;
  try {
    const handle = handlers[String(item.entity)];
    if (!handle) throw new Error(`no handler for timers of ${JSON.stringify(item.entity)}`);
    await handle(item, requestId, new Date());
    run.handled += 1;
  } catch (error) {
    run.failed += 1;
    log().error('a timer failed', { pk: item.pk, sk: item.sk, error: error as Error });
  }
}
