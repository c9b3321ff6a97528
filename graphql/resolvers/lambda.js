import { util } from '@aws-appsync/utils';

/** One invocation of the graphql function for one field. */
export function request(ctx) {
  return {
    operation: 'Invoke',
    payload: {
      field: `${ctx.info.parentTypeName}.${ctx.info.fieldName}`,
      args: ctx.args,
      source: ctx.source,
      identity: ctx.identity.resolverContext,
    },
  };
}

export function response(ctx) {
  if (ctx.error) {
    util.error('Something went wrong on our side', 'internal');
  }
  const { data, error } = ctx.result;
  if (error) {
    util.error(error.message, error.type, null, error.info);
  }
  return data;
}
