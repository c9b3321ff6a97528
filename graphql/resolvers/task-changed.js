import { extensions, util } from '@aws-appsync/utils';

/** Subscribers get the changes of their own tenant, whatever they ask for. */
export function request(ctx) {
  const { tenantId, taskTypes } = ctx.identity.resolverContext;
  if (ctx.args.tenantId && ctx.args.tenantId !== tenantId) {
    util.error('The tenantId is not that of the credentials', 'FORBIDDEN');
  }
  // Not a filter on all of them: the operator `in` takes five values.
  if (taskTypes && !taskTypes.split(',').includes(ctx.args.type)) {
    util.error('This key is limited to task types: name one of them as the type', 'forbidden');
  }
  return { payload: null };
}

export function response(ctx) {
  const own = [{ fieldName: 'tenantId', operator: 'eq', value: ctx.identity.resolverContext.tenantId }];
  const type = ctx.args.type ? [{ fieldName: 'type', operator: 'eq', value: ctx.args.type }] : [];
  const state = ctx.args.state ? [{ fieldName: 'state', operator: 'eq', value: ctx.args.state }] : [];
  extensions.setSubscriptionFilter({ filterGroup: [{ filters: [...own, ...type, ...state] }] });
  return null;
}
