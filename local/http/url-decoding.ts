/**
 * Percent-decoding that never fails: what is not valid UTF-8 becomes U+FFFD and a stray `%` stays, so that the
 * router and not the gateway decides what a strange path means.
 */
export function decodePercent(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    const bytes = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    // Each character is now one byte, unless the text had others, which a request line cannot have.
    return Buffer.from(bytes, 'latin1').toString('utf8');
  }
}

/** Path and query of a request target; `http://host/path` (a proxy's form) counts as `/path`. */
export function splitTarget(target: string): { path: string; query: string } {
  const local = target.startsWith('/') ? target : target.replace(/^[a-z]+:\/\/[^/?#]*/i, '') || '/';
  const mark = local.indexOf('?');
  if (mark < 0) return { path: local, query: '' };
  return { path: local.slice(0, mark), query: local.slice(mark + 1) };
}
