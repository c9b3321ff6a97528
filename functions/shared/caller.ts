import { Problem } from './problem.ts';
import { type Permission, permissions, type Role } from './route.ts';

/** The verified identity behind a request. The tenant comes from here and nowhere else. */
export interface Caller {
  tenantId: string;
  /** `sub` of the token, or the id of the API key. */
  subject: string;
  role: Role;
  /** Set when the caller is an API key. */
  keyId?: string;
  /** The task types that the key is limited to; absent means all. */
  taskTypes?: string[];
}

/** @throws {Problem} `forbidden` when the caller's role does not have the permission */
export function requirePermission(caller: Caller, permission: Permission): void {
  const allowed: readonly Role[] = permissions[permission];
  if (!allowed.includes(caller.role)) {
    throw new Problem(
      'forbidden',
      `The role ${caller.role} may not do this; it needs one of: ${allowed.join(', ')}`,
    );
  }
}
