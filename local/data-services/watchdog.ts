import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Ends a child when this process is gone, however it went: a shell waits on a pipe from us, and `kill -9` closes
 * pipes too. Dismissed with a line, which it tells from the end of the pipe.
 * @returns dismisses the watchdog; the child is no longer guarded
 */
export function guardChild(pid: number): () => void {
  if (process.platform === 'win32') return () => {};
  const watchdog: ChildProcess = spawn('/bin/sh', ['-c', 'read -r line || kill -9 "$0"', String(pid)], {
    // Its own process group: a Ctrl-C in the terminal must reach us alone, who end things in order.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  watchdog.unref();
  watchdog.stdin?.on('error', () => {});
  return () => watchdog.stdin?.end('dismissed\n');
}
