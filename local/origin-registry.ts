import type { HttpOrigin, OriginRegistry } from './types.ts';

/** The parts that answer HTTP, by the host name that the template knows them by. */
export function createOriginRegistry(): OriginRegistry {
  const origins = new Map<string, HttpOrigin>();
  return {
    register: (host, origin) => void origins.set(host.toLowerCase(), origin),
    find: (host) => origins.get(host.toLowerCase()),
  };
}
