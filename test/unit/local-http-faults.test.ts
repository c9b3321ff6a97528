import { expect, test } from '@jest/globals';
import { startFront } from '../support/local-front.ts';
import { lambdaWith } from '../support/local-functions.ts';

/** The whole way with real sandboxes: what a client sees of a function that fails, and of the one after it. */
test.each([
  ['throws', 'throw new Error("secret")', 500, 'internal'],
  ['never returns', 'await new Promise(() => {})', 504, 'unavailable'],
  ['spins', 'for (;;) {}', 504, 'unavailable'],
  ['exits', 'process.exit(1)', 500, 'internal'],
  ['fills its memory', 'const all = []; for (;;) all.push({ n: all.length })', 500, 'internal'],
])('a function that %s', async (_what, fault, status, code) => {
  const handler = `export const handler = async (event) => {
    if (event.rawPath === '/bad') { ${fault}; }
    return 'fine';
  };`;
  // Only those that never end are to meet their timeout, however slow the machine is.
  const properties = { Timeout: status === 504 ? 2 : 25 };
  const { lambda } = await lambdaWith({ subject: { code: handler, properties } });
  await lambda.providers['AWS::Lambda::Permission']?.create({
    logicalId: 'Permission',
    type: 'AWS::Lambda::Permission',
    properties: {
      Action: 'lambda:InvokeFunction',
      FunctionName: 'subject',
      Principal: 'apigateway.amazonaws.com',
    },
  });
  const { url, service } = await startFront({ lambda, routes: { $default: {} }, authorizer: false });
  try {
    const bad = await fetch(`${url}/bad`);
    const text = await bad.text();

    expect([bad.status, JSON.parse(text).code]).toEqual([status, code]);
    expect(text).not.toContain('secret');
    expect(await (await fetch(`${url}/good`)).text()).toBe('fine');
  } finally {
    await service.stop?.();
    await lambda.stop?.();
  }
});
