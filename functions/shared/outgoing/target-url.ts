/**
 * Whether this machine may be called back: never in the cloud, only where the local runtime says so, since
 * there the receiver under development is on the same machine.
 */
export function loopbackAllowed(): boolean {
  return process.env.WEBHOOKS_ALLOW_LOOPBACK === 'true';
}

/** An address that may be called. Where its name leads is decided when something is sent there. */
export function isAllowedUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || `${url.username}${url.password}` !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && loopbackAllowed());
}
