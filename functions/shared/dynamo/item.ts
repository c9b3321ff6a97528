/** A table item as plain data. */
export type Item = Record<string, unknown>;

export interface Key {
  pk: string;
  sk: string;
}

/** A value in DynamoDB's JSON, without binaries, which no item has. */
export type AttributeValue =
  | { S: string }
  | { N: string }
  | { BOOL: boolean }
  | { NULL: true }
  | { L: AttributeValue[] }
  | { M: Attributes }
  | { SS: string[] }
  | { NS: string[] };

export type Attributes = Record<string, AttributeValue>;

/** AWS: DynamoDB refuses what is closer to zero, and a double is not. */
const smallestNumber = 1e-130;

/** Plain data → attribute values; `undefined` members are left out. @throws {TypeError} for what has no counterpart */
export function toAttributes(item: Item): Attributes {
  const attributes: Attributes = {};
  for (const name in item) {
    const value = item[name];
    if (value !== undefined) setOwn(attributes, name, toAttribute(value));
  }
  return attributes;
}

function toAttribute(value: unknown): AttributeValue {
  switch (typeof value) {
    case 'string':
      return { S: value };
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${value} is no number that DynamoDB can hold`);
      return { N: String(Math.abs(value) < smallestNumber ? 0 : value) };
    case 'bigint':
      return { N: String(value) };
    case 'boolean':
      return { BOOL: value };
    case 'object':
      return toStructure(value);
    default:
      throw new TypeError(`DynamoDB has no ${typeof value}`);
  }
}

function toStructure(value: object | null): AttributeValue {
  if (value === null) return { NULL: true };
  if (Array.isArray(value)) return { L: value.filter((member) => member !== undefined).map(toAttribute) };
  if (value instanceof Set) {
    const members = [...value];
    return typeof members[0] === 'number' ? { NS: members.map(String) } : { SS: members as string[] };
  }
  if (JSON.isRawJSON(value)) {
    throw new TypeError('a number that a double cannot hold is stored as JSON text or not at all');
  }
  return { M: toAttributes(value as Item) };
}

/**
 * Attribute values → plain data. Numbers beyond 2^53 come back as the nearest double rather than an error:
 * what must keep every digit is stored as JSON text.
 */
export function fromAttributes(attributes: Attributes): Item {
  const item: Item = {};
  for (const name in attributes) setOwn(item, name, fromAttribute(attributes[name] as AttributeValue));
  return item;
}

/** A member that a caller named `__proto__` is a member like any other. */
function setOwn<T>(target: Record<string, T>, name: string, value: T): void {
  if (name !== '__proto__') target[name] = value;
  else Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true });
}

function fromAttribute(value: AttributeValue): unknown {
  if ('S' in value) return value.S;
  if ('N' in value) return Number(value.N);
  if ('M' in value) return fromAttributes(value.M);
  if ('BOOL' in value) return value.BOOL;
  if ('L' in value) return value.L.map(fromAttribute);
  if ('NULL' in value) return null;
  if ('SS' in value) return new Set(value.SS);
  if ('NS' in value) return new Set(value.NS.map(Number));
  throw new TypeError(`unknown attribute type ${Object.keys(value).join()}`);
}
