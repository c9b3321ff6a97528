/** Gives the input back as the mutation's answer, which is what subscribers receive. */
export function request(ctx) {
  return { payload: ctx.args.input };
}

export function response(ctx) {
  return ctx.result;
}
