import * as z from 'zod/mini';
import type { Route } from '../../shared/route.ts';
import { deal } from './deal.ts';
import { forecastOutput, forecastParameters } from './forecast.ts';
import { moveInput } from './move-deal.ts';

const common = { function: 'crm', tag: 'deals' } as const;

export const dealsRoutes: Route[] = [
  {
    ...common,
    operation: 'moveDeal',
    method: 'POST',
    path: '/api/v1/deals/{id}/move',
    permission: 'records:write',
    summary: 'Move a deal to another stage, win it, lose it or open it again',
    body: moveInput,
    conditional: true,
    responses: {
      200: { description: 'The deal; as it was when it stands there already', schema: deal.output },
    },
  },
  {
    ...common,
    operation: 'forecastDeals',
    method: 'GET',
    path: '/api/v1/deals/forecast',
    permission: 'records:read',
    summary: 'Open deals by the month in which they are expected to close, plain and weighted by probability',
    query: forecastParameters,
    responses: {
      200: { description: 'The months in order', schema: z.object({ data: z.array(forecastOutput) }) },
    },
  },
];
