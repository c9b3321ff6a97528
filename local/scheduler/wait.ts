/**
 * Resolves after the time or as soon as the signal is aborted, whichever is first; the caller looks at the signal.
 * @param milliseconds at most 2^31 - 1, a timer's limit
 */
export function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) return Promise.resolve();
  const timer = setTimeout(resolve, milliseconds);
  const end = () => resolve();
  signal.addEventListener('abort', end, { once: true });
  return promise.finally(() => {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
  });
}
