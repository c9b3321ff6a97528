import * as z from 'zod/mini';
import type { Caller } from '../shared/caller.ts';
import { permissions, roles } from '../shared/route.ts';

/** The caller as the service sees it. */
export const meOutput = z.strictObject({
  tenantId: z.string(),
  subject: z.string(),
  role: z.enum(roles),
  keyId: z.optional(z.string()),
  taskTypes: z.optional(z.array(z.string())),
  permissions: z.array(z.string()),
});

export function describeCaller(caller: Caller): z.infer<typeof meOutput> {
  const held = Object.entries(permissions).filter(
    ([name, allowed]) => name !== 'public' && (allowed as readonly string[]).includes(caller.role),
  );
  return { ...caller, permissions: held.map(([name]) => name) };
}
