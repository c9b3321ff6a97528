import * as z from 'zod/mini';
import type { Route } from '../../shared/route.ts';

const byStatus = z.array(z.strictObject({ status: z.string(), count: z.int() }));
const valueByStatus = z.array(z.strictObject({ status: z.string(), count: z.int(), totalValue: z.number() }));
const valueByCurrency = z.array(z.strictObject({ currency: z.string(), value: z.number(), count: z.int() }));
const values = { total: z.int(), totalValue: z.number(), valueByCurrency };

/** Amounts are in minor units; beyond 2^53, where doubles end, they are the nearest double. */
export const dashboardOutput = z.strictObject({
  currency: z.string(),
  contacts: z.strictObject({
    total: z.int(),
    byStatus,
    byStage: z.array(z.strictObject({ stage: z.string(), count: z.int() })),
  }),
  companies: z.strictObject({ total: z.int() }),
  deals: z.strictObject({
    ...values,
    openValue: z.number(),
    weightedValue: z.number(),
    byStatus: valueByStatus,
    byStage: z.array(
      z.strictObject({
        pipelineId: z.string(),
        stage: z.string(),
        count: z.int(),
        totalValue: z.number(),
        valueByCurrency,
      }),
    ),
  }),
  orders: z.strictObject({ ...values, byStatus: valueByStatus }),
  invoices: z.strictObject({
    total: z.int(),
    totalAmount: z.number(),
    outstandingAmount: z.number(),
    valueByCurrency,
    byStatus: valueByStatus,
    overdue: z.int(),
  }),
  tasks: z.strictObject({ total: z.int(), byStatus, overdue: z.int() }),
});

export const dashboardRoutes: Route[] = [
  {
    operation: 'getDashboard',
    method: 'GET',
    path: '/api/v1/dashboard',
    function: 'crm',
    permission: 'records:read',
    tag: 'dashboard',
    summary:
      'Numbers of all records and tasks, from counters that follow writes within about a second; deleted records count nowhere',
    query: z.strictObject({
      currency: z.optional(
        z.string().check(
          z.meta({
            description: "ISO 4217: what the amounts are in. The tenant's own currency when left out.",
          }),
        ),
      ),
    }),
    responses: { 200: { description: 'The numbers', schema: dashboardOutput } },
  },
];
