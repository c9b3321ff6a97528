import type { Payment } from './payment.ts';

/** What is paid and due, and what becomes of the status: an issued invoice on which nothing is due is paid. */
export function settled(
  invoice: { status: string; total: number; paidAt: string | null },
  payments: readonly Payment[],
): { payments: Payment[]; amountPaid: number; amountDue: number; status: string; paidAt: string | null } {
  const amountPaid = payments.reduce((sum, { amount }) => sum + amount, 0);
  const amountDue = invoice.total - amountPaid;
  const issued = invoice.status !== 'draft' && invoice.status !== 'void';
  const paid = issued && amountDue === 0;
  const unpaid = invoice.status === 'paid' ? 'open' : invoice.status;
  return {
    payments: [...payments],
    amountPaid,
    amountDue: invoice.status === 'void' ? 0 : amountDue,
    status: paid ? 'paid' : unpaid,
    paidAt: paid ? (invoice.paidAt ?? latest(payments)) : null,
  };
}

/** When the last of the payments was made; `null` without any. */
function latest(payments: readonly Payment[]): string | null {
  return (
    payments
      .map(({ paidAt }) => paidAt)
      .sort()
      .at(-1) ?? null
  );
}
