import type { Actor } from '../shared/actor.ts';
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
