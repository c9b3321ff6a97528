interface Entry<V> {
  value: Promise<V | undefined>;
  /** Epoch milliseconds. */
  until: number;
}

export interface ShortCache<V> {
  (key: string): Promise<V | undefined>;
  /** The next caller loads it anew: it has been changed here, or was found to be out of date. */
  forget(key: string): void;
}

/**
 * Remembers what a loader answers, for read-mostly settings: concurrent callers share one load (single
 * flight), failures and absent values are never kept, the oldest entries make room for new ones.
 * @param options.seconds how stale an answer may be
 */
export function shortCache<V>(
  load: (key: string) => Promise<V | undefined>,
  { seconds, maxEntries = 1_000 }: { seconds: number; maxEntries?: number },
): ShortCache<V> {
  const entries = new Map<string, Entry<V>>();
  const read = (key: string) => {
    const known = entries.get(key);
    if (known && known.until > Date.now()) return known.value;
    entries.delete(key);
    const entry: Entry<V> = { value: load(key), until: Date.now() + seconds * 1_000 };
    entries.set(key, entry);
    const [oldest] = entries.keys();
    if (entries.size > maxEntries && oldest !== undefined) entries.delete(oldest);
    const forget = () => {
      if (entries.get(key) === entry) entries.delete(key);
    };
    entry.value.then((value) => value === undefined && forget(), forget);
    return entry.value;
  };
  return Object.assign(read, { forget: (key: string) => void entries.delete(key) });
}
