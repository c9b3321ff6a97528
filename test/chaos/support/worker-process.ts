import { fileLedger } from './ledger.ts';
import { runWorker, type WorkerSettings } from './worker.ts';

/**
 * A worker in a process of its own: `node worker-process.ts <settings as JSON> <ledger file>`. SIGTERM lets it
 * finish what it has. `CHAOS_CLOCK_JUMP_SECONDS` makes its clock jump by up to so much, forth and back.
 */
const [settingsText = '{}', file = ''] = process.argv.slice(2);
const settings = JSON.parse(settingsText) as WorkerSettings;
const stopping = new AbortController();
process.once('SIGTERM', () => stopping.abort());
// Nobody is to be left working when the test run is ended from outside.
process.once('disconnect', () => process.exit(1));

const jump = Number(process.env.CHAOS_CLOCK_JUMP_SECONDS ?? 0);
if (jump > 0) jumpingClock(jump * 1_000);

await runWorker(settings, fileLedger(settings.workerId, file), stopping.signal);
process.exit(0);

/** Every call of the clock is off by another amount; timers go by a clock of their own and stay right. */
function jumpingClock(most: number): void {
  const RealDate = Date;
  const now = () => RealDate.now() + Math.round((2 * Math.random() - 1) * most);
  class JumpingDate extends RealDate {
    constructor(...given: [] | [number | string | Date]) {
      super(given.length === 0 ? now() : given[0]);
    }
    static override now = now;
  }
  globalThis.Date = JumpingDate as DateConstructor;
}
