import type { Actor } from '../shared/actor.ts';
import type { VersionCondition } from '../shared/etag.ts';
import { Problem } from '../shared/problem.ts';
import type { Permission } from '../shared/route.ts';

/** A field to resolve: who asks, the arguments, the parent's answer. */
export interface FieldCall extends Actor {
  // biome-ignore lint/suspicious/noExplicitAny: AppSync has checked the arguments against the schema
  args: Record<string, any>;
  // biome-ignore lint/suspicious/noExplicitAny: the parent's answer, as this function gave it
  source: Record<string, any>;
}

/** How a field is resolved: one at a time, or all siblings of a list together. */
export type Field =
  | { permission: Permission; resolve(call: FieldCall): Promise<unknown> }
  | { permission: Permission; resolveAll(calls: FieldCall[]): Promise<PromiseSettledResult<unknown>[]> };

/** `Type.field` → how it is resolved. */
export type FieldTable = Record<string, Field>;

export const reading =
  (permission: Permission) =>
  (resolve: (call: FieldCall) => Promise<unknown>): Field => ({ permission, resolve });

/** A record by id is `null` when there is none, as GraphQL has it. */
export async function orNull<T>(record: Promise<T>): Promise<T | null> {
  try {
    return await record;
  } catch (error) {
    if (error instanceof Problem && error.code === 'not_found') return null;
    throw error;
  }
}

/** The argument `expectedVersion`, which is to a mutation what `If-Match` is to a REST request. */
export function expectedVersion({ args }: FieldCall): VersionCondition | undefined {
  const { expectedVersion: version } = args;
  return typeof version === 'number' ? { any: false, versions: [version] } : undefined;
}

/** Members that are left out and `null` ones are the same to what has no value yet, and to an action. */
export function withoutNulls(input: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== null));
}
