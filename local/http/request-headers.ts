import type { IncomingMessage } from 'node:http';

/** Meant for one connection, never for what is behind it (RFC 9110, 7.6.1). */
const connectionHeaders = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * End-to-end headers with lower-case names; duplicates joined by commas, cookies by semicolons, as API Gateway
 * and CloudFront hand them on. Node's own `headers` drops duplicates of some names.
 */
export function endToEndHeaders({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): Record<string, string> {
  const headers: Record<string, string> = Object.create(null);
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]?.toLowerCase() ?? '';
    const value = rawHeaders[i + 1] ?? '';
    if (connectionHeaders.has(name)) continue;
    const before = headers[name];
    headers[name] = before === undefined ? value : `${before}${name === 'cookie' ? '; ' : ','}${value}`;
  }
  return { ...headers };
}

/** Bytes of request line and headers, which API Gateway limits together. */
export function headBytes({ method = '', url = '', rawHeaders }: IncomingMessage): number {
  return rawHeaders.reduce((sum, text) => sum + text.length, method.length + url.length);
}

export function isConnectionHeader(name: string): boolean {
  return connectionHeaders.has(name);
}
