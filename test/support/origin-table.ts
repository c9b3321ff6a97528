import type { HttpOrigin, OriginRegistry } from '../../local/types.ts';

/** Origins by host, as the runtime keeps them. */
export class OriginTable implements OriginRegistry {
  readonly hosts = new Map<string, HttpOrigin>();

  register(host: string, origin: HttpOrigin): void {
    this.hosts.set(host, origin);
  }

  find(host: string): HttpOrigin | undefined {
    return this.hosts.get(host);
  }
}
