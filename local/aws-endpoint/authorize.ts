import type { Principal } from '../types.ts';

/** One thing that a call wants to do, in IAM's terms. */
export interface AccessRequest {
  principal: Principal;
  /** e.g. `dynamodb:PutItem` */
  action: string;
  /** ARN, or `*` where the action knows no resource. */
  resource: string;
}

export type Decision = { allowed: true } | { allowed: false; reason: string };

/**
 * The one place that decides whether a function's role may do what it asks. Every call of a function passes here
 * with everything that IAM would look at. Today each is allowed and the call log shows what was asked; evaluating
 * the roles' policies of the template belongs in this function and nowhere else.
 */
export function authorize(_request: AccessRequest): Decision {
  return { allowed: true };
}
