/**
 * JSON text that is the same for values that mean the same: members in the order of their names, absent ones
 * left out. Numbers kept as text (json.ts) stay as they are written.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) => {
    if (typeof member !== 'object' || member === null || Array.isArray(member)) return member;
    if (JSON.isRawJSON(member)) return member;
    return Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  });
}
