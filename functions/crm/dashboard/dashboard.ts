import { type Counters, readAllCounters } from '../../platform/counters.ts';
import { type CurrencyAmount, sumOf, sumsOf } from '../../platform/counting/amounts.ts';
import { readOverdue } from '../../platform/counting/overdue.ts';
import { instant } from '../../shared/clock.ts';
import { taskStates } from '../../tasks/lifecycle/state-machine.ts';
import { contactStages, contactStatuses } from '../contacts/contact.ts';
import { invoiceStatuses } from '../invoices/invoice-statuses.ts';
import { orderStatuses } from '../orders/order-statuses.ts';
import { stageKinds } from '../pipelines/stages.ts';

/**
 * The numbers of a tenant's dashboard, from counters that follow writes within about a second: one Query and one
 * BatchGetItem, however many records there are. Amounts are in minor units of one currency, and those of other
 * currencies stand beside them; they are never mixed. Deleted records count nowhere, all others do, whatever their
 * status: what is open, void or cancelled is told by the numbers by status.
 */
export async function readDashboard(tenantId: string, currency: string) {
  const [all, overdueOf] = await Promise.all([readAllCounters(tenantId), readOverdue(tenantId, instant())]);
  const { contact = {}, company = {}, deal = {}, order = {}, invoice = {}, task = {} } = all;
  const overdue = overdueOf({ invoice: all['invoice#due'], task: all['task#due'] });
  return {
    currency,
    contacts: {
      total: contact.total ?? 0,
      byStatus: countsBy(contact, 'status', contactStatuses),
      byStage: contactStages.map((stage) => ({ stage, count: contact[`stage:${stage}`] ?? 0 })),
    },
    companies: { total: company.total ?? 0 },
    deals: {
      ...valuesOf(deal, 'amount', currency),
      openValue: sumOf(deal, 'amount', currency, 'status:open'),
      weightedValue: sumOf(deal, 'weighted', currency),
      byStatus: valuesBy(deal, 'amount', currency, stageKinds),
      byStage: stagesOf(all, currency),
    },
    orders: {
      ...valuesOf(order, 'total', currency),
      byStatus: valuesBy(order, 'total', currency, orderStatuses),
    },
    invoices: {
      total: invoice.total ?? 0,
      totalAmount: sumOf(invoice, 'total', currency),
      /** What open invoices have not been paid of. */
      outstandingAmount: sumOf(invoice, 'amountDue', currency, 'status:open'),
      valueByCurrency: sumsOf(invoice, 'total'),
      byStatus: valuesBy(invoice, 'total', currency, invoiceStatuses),
      overdue: overdue.invoices,
    },
    tasks: {
      total: task.total ?? 0,
      byStatus: countsBy(task, 'state', taskStates),
      overdue: overdue.tasks,
    },
  };
}

/** Each value of a field with its count, also those that nothing has. */
function countsBy(counters: Counters, field: string, values: readonly string[]) {
  return values.map((status) => ({ status, count: counters[`${field}:${status}`] ?? 0 }));
}

function valuesOf(counters: Counters, sum: string, currency: string) {
  return {
    total: counters.total ?? 0,
    totalValue: sumOf(counters, sum, currency),
    valueByCurrency: sumsOf(counters, sum),
  };
}

function valuesBy(counters: Counters, sum: string, currency: string, statuses: readonly string[]) {
  return statuses.map((status) => ({
    status,
    count: counters[`status:${status}`] ?? 0,
    totalValue: sumOf(counters, sum, currency, `status:${status}`),
  }));
}

interface StageNumbers {
  pipelineId: string;
  stage: string;
  count: number;
  totalValue: number;
  valueByCurrency: CurrencyAmount[];
}

/** The stages that have deals. */
function stagesOf(all: Record<string, Counters>, currency: string): StageNumbers[] {
  return Object.entries(all).flatMap(([name, counters]) => {
    const [entity, pipelineId, stage] = name.split('#');
    if (entity !== 'deal' || pipelineId === undefined || stage === undefined || !counters.total) return [];
    const { total: count, ...values } = valuesOf(counters, 'amount', currency);
    return [{ pipelineId, stage, count, ...values }];
  });
}
