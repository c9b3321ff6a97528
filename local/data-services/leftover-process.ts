import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Remembers a child's process id, so that the next run can end it should this one die without doing so. */
export function rememberProcess(pidFile: string, pid: number): void {
  writeFileSync(pidFile, String(pid));
}

/**
 * Ends the child that a killed run left behind, if it still lives. A process id may have passed to another
 * program since, so its command line must contain `mark` (Linux; elsewhere the watchdog alone does this).
 */
export async function endLeftover(pidFile: string, mark: string): Promise<void> {
  const pid = readPid(pidFile);
  if (pid === undefined) return;
  for (let attempt = 0; commandLine(pid).includes(mark); attempt += 1) {
    try {
      process.kill(pid, attempt < 20 ? 'SIGTERM' : 'SIGKILL');
    } catch {
      break;
    }
    await sleep(50);
  }
  rmSync(pidFile, { force: true });
}

function readPid(pidFile: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10);
    return pid > 1 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Empty when there is no such process, or no /proc. */
function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
