import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second. */
const tickMillis = 10;

/** CPU milliseconds that processes and all of their children have used so far; NaN where there is no /proc. */
export function cpuMillis(pids: number[]): number {
  const processes = readProcesses();
  if (!processes) return Number.NaN;
  let sum = 0;
  const waiting = [...pids];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    sum += processes.find((one) => one.pid === pid)?.cpu ?? 0;
    waiting.push(...processes.filter(({ parent }) => parent === pid).map((child) => child.pid));
  }
  return sum;
}

function readProcesses(): { pid: number; parent: number; cpu: number }[] | undefined {
  if (process.platform !== 'linux') return undefined;
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const text = readFileSync(`/proc/${name}/stat`, 'utf8');
      // What follows the program's name in brackets: state, parent, …, and as 12th and 13th the times.
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      const ticks = Number(fields[11]) + Number(fields[12]);
      return [{ pid: Number(name), parent: Number(fields[1]), cpu: ticks * tickMillis }];
    } catch {
      return [];
    }
  });
}
