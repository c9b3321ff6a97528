import type { Route } from '../../shared/route.ts';
import { product } from './product.ts';
import { stockChangeInput } from './stock-change.ts';

export const productRoutes: Route[] = [
  {
    operation: 'changeProductStock',
    method: 'POST',
    path: '/api/v1/products/{id}/stock',
    function: 'crm',
    permission: 'records:write',
    tag: 'products',
    summary: 'Add to the stock of a product or take from it',
    body: stockChangeInput,
    conditional: true,
    responses: { 200: { description: 'The product', schema: product.output } },
  },
];
