import { extensions, util } from '@aws-appsync/utils';

/** Subscribers get the changes of their own tenant, whatever they ask for. */
export function request(ctx) {
  const { tenantId, role } = ctx.identity.resolverContext;
  if (ctx.args.tenantId && ctx.args.tenantId !== tenantId) {
    util.error('The tenantId is not that of the credentials', 'FORBIDDEN');
  }
  if (role === 'worker') {
    util.error('The role worker may not read records', 'forbidden');
  }
  return { payload: null };
}

export function response(ctx) {
  const { tenantId } = ctx.identity.resolverContext;
  const own = [{ fieldName: 'tenantId', operator: 'eq', value: tenantId }];
  const wanted = ctx.args.entity ? [{ fieldName: 'entity', operator: 'eq', value: ctx.args.entity }] : [];
  extensions.setSubscriptionFilter({ filterGroup: [{ filters: [...own, ...wanted] }] });
  return null;
}
