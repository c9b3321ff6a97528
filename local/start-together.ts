import type { Service } from './types.ts';

/**
 * Waits for several starts at once; each that succeeded is stopped with `running`, also when another failed.
 * @throws the first failure
 */
export async function startTogether<T extends readonly unknown[]>(
  running: AsyncDisposableStack,
  starts: { [K in keyof T]: Promise<T[K]> },
): Promise<T> {
  const results = await Promise.allSettled(starts);
  for (const result of results) {
    if (result.status !== 'fulfilled') continue;
    const service = result.value as Service | undefined;
    running.defer(() => service?.stop?.());
  }
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return results.map((result) => (result as PromiseFulfilledResult<unknown>).value) as unknown as T;
}
