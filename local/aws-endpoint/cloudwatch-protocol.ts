/** Members of CloudWatch's inputs that are instants; the JSON protocol sends them as epoch seconds. */
const instants = new Set(['StartTime', 'EndTime', 'StartDate', 'EndDate', 'Timestamp']);

/** Wire form → the shape of the API reference: epoch seconds become `Date`. */
export function decodeCloudWatch(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => decodeCloudWatch(item, name));
  if (typeof value === 'number' && instants.has(name)) return new Date(value * 1000);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, decodeCloudWatch(inner, key)]));
}

/** The shape of the API reference → wire form: `Date` becomes epoch seconds. */
export function encodeCloudWatch(value: unknown): unknown {
  if (value instanceof Date) return value.getTime() / 1000;
  if (Array.isArray(value)) return value.map(encodeCloudWatch);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, encodeCloudWatch(inner)]));
}
