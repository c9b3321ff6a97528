import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';

/** A table item as plain data. */
export type Item = Record<string, unknown>;

export interface Key {
  pk: string;
  sk: string;
}

/** Plain data → attribute values; `undefined` members are left out. */
export function toAttributes(item: Item): Record<string, AttributeValue> {
  return marshall(item, { removeUndefinedValues: true });
}

/**
 * Attribute values → plain data. Numbers beyond 2^53 come back as the nearest double rather than an error:
 * what must keep every digit is stored as JSON text.
 */
export function fromAttributes(attributes: Record<string, AttributeValue>): Item {
  return unmarshall(attributes, { wrapNumbers: Number });
}
