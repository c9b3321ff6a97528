import { createServer } from 'node:net';
import { StartError } from './start-error.ts';

/**
 * Finds out before anything is started whether the port can be had.
 * @throws {StartError} when it is taken, or not ours to take
 */
export function checkPort(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'is taken' : `cannot be used (${error.code})`;
      reject(new StartError(`Port ${port} ${why}; choose another with --port.`));
    });
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve()));
  });
}
