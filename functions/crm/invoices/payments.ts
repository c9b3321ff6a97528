import { instant } from '../../shared/clock.ts';
import { newId } from '../../shared/ids.ts';
import { formatMajorUnits } from '../../shared/money/major-units.ts';
import { Problem, validationFailed } from '../../shared/problem.ts';
import { maxPayments, type Payment, type PaymentInput } from './payment.ts';

/**
 * The payments of an invoice with a new one.
 * @throws {Problem} `validation_failed` for another currency, `conflict` for more than is due or too many payments
 */
export function addPayment(
  { payments, amountDue, currency }: Record<string, unknown>,
  input: PaymentInput,
  by: string,
): Payment[] {
  const earlier = payments as Payment[];
  const due = amountDue as number;
  if (input.currency && input.currency !== currency) {
    throw validationFailed([
      {
        pointer: '/currency',
        code: 'currency_mismatch',
        message: `must be that of the invoice, ${currency}`,
      },
    ]);
  }
  if (input.amount > due) {
    const inWords = `${formatMajorUnits(due, String(currency))} ${currency}`;
    throw new Problem('conflict', `More than the invoice has due, which is ${inWords} (${due} minor units)`, {
      errors: [{ pointer: '/amount', code: 'overpayment', message: `must be at most ${due}` }],
      extensions: { amountDue: due },
    });
  }
  if (earlier.length >= maxPayments) {
    throw new Problem('conflict', `The invoice has ${maxPayments} payments, which is as many as it can have`);
  }
  const at = instant();
  const payment: Payment = {
    id: newId('pay'),
    amount: input.amount,
    method: input.method ?? null,
    reference: input.reference ?? null,
    paidAt: input.paidAt ?? at,
    recordedAt: at,
    recordedBy: by,
  };
  return [...earlier, payment];
}
