import * as z from 'zod/mini';
import { amount } from '../../shared/money/money-fields.ts';
import { clearable, pastInstant, text } from '../records/fields.ts';
import type { OrderAction } from './document-states.ts';

const members = {
  shippedAt: pastInstant,
  deliveredAt: pastInstant,
  trackingNumber: text(100),
  shipping: amount,
  reason: text(1_000),
  restock: z.boolean(),
};

const bodyOf = <Name extends keyof typeof members>(...names: Name[]) =>
  z.strictObject(clearable(Object.fromEntries(names.map((name) => [name, members[name]]))));

/** The body of each action; every member may be left out. */
export const orderActionInputs: Record<OrderAction, z.ZodMiniType> = {
  confirm: bodyOf(),
  ship: bodyOf('shippedAt', 'trackingNumber', 'shipping'),
  deliver: bodyOf('deliveredAt'),
  cancel: bodyOf('reason'),
  /** `restock` gives back what was taken from stock. */
  refund: bodyOf('reason', 'restock'),
};

/** What any of the actions may be told. */
export interface OrderActionInput {
  shippedAt?: string | null;
  deliveredAt?: string | null;
  trackingNumber?: string | null;
  shipping?: number | null;
  reason?: string | null;
  restock?: boolean | null;
}
