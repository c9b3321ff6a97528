import { afterEach, describe, expect, test } from '@jest/globals';
import { lambdaWith } from '../support/local-functions.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function lambdaRunning(code: string, properties: object = {}) {
  const running = await lambdaWith({ subject: { code, properties } });
  stops.push(() => running.lambda.stop?.() ?? Promise.resolve());
  return running;
}

/** One handler that misbehaves as its event says and otherwise counts its invocations. */
const faulty = `
  let count = 0;
  const kept = [];
  export const handler = async (event) => {
    count += 1;
    switch (event.do) {
      case 'throw': throw new TypeError('broken on purpose');
      case 'throwText': throw 'just text';
      case 'hang': return new Promise(() => {});
      case 'spin': for (;;) {}
      case 'exit': process.exit(3);
      case 'exitZero': process.exit(0);
      case 'uncaught': setTimeout(() => { throw new RangeError('later'); }); return new Promise(() => {});
      case 'unhandled': Promise.reject(new Error('nobody waits')); return new Promise(() => {});
      case 'heap': for (;;) kept.push({ text: String(kept.length).repeat(20) });
      case 'text': for (;;) kept.push(JSON.stringify({ text: 'x'.repeat(1e6) }));
      case 'array': { const list = []; for (;;) list.push(list.length); }
      case 'buffers': for (;;) { kept.push(Buffer.alloc(8e6, 1)); await new Promise((r) => setTimeout(r, 20)); }
      case 'quickBuffers': for (let i = 0; i < 40; i += 1) kept.push(Buffer.alloc(8e6, 1)); return 'kept';
      case 'circular': { const ring = {}; ring.ring = ring; return ring; }
      case 'bigint': return { n: 1n };
      case 'large': return 'x'.repeat(7 * 1024 * 1024);
      default: return count;
    }
  };`;

describe('a handler that fails', () => {
  test.each([
    ['throw', 'TypeError', 'broken on purpose'],
    ['throwText', 'string', 'just text'],
    ['circular', 'Runtime.MarshalError', 'Unable to stringify response body'],
    ['bigint', 'Runtime.MarshalError', 'Unable to stringify response body'],
    ['large', 'Function.ResponseSizeTooLarge', 'Response payload size exceeded'],
  ])('%s is a function error and the sandbox goes on', async (fault, errorType, message) => {
    const { lambda } = await lambdaRunning(faulty);
    expect((await lambda.invoke('subject', {})).payload).toBe(1);

    const failed = await lambda.invoke('subject', { do: fault });

    expect(failed.error).toMatchObject({ kind: 'handled', errorType });
    expect(failed.error?.errorMessage).toContain(message);
    expect((await lambda.invoke('subject', {})).payload).toBe(3);
  });
});

describe('a handler that takes its sandbox with it', () => {
  test.each([
    ['hang', 'timeout', 'Task timed out after 1.00 seconds'],
    ['spin', 'timeout', 'Task timed out after 1.00 seconds'],
    ['exit', 'exit', 'Runtime exited with error: exit status 3'],
    ['exitZero', 'exit', 'Runtime exited without providing a reason'],
    ['uncaught', 'exit', 'later'],
    ['unhandled', 'exit', 'nobody waits'],
  ])('%s: the invocation fails and a new sandbox answers the next one', async (fault, kind, message) => {
    const { lambda } = await lambdaRunning(faulty, { Timeout: 1 });

    const failed = await lambda.invoke('subject', { do: fault });

    expect(failed.error?.kind).toBe(kind);
    expect(failed.error?.errorMessage).toContain(message);
    expect((await lambda.invoke('subject', {})).payload).toBe(1);
  });

  test.each(['heap', 'text', 'array', 'buffers', 'quickBuffers'])(
    'out of memory by %s: the invocation fails, the runtime lives, a new sandbox answers',
    async (fault) => {
      const { lambda } = await lambdaRunning(faulty, { Timeout: 20 });

      const failed = await lambda.invoke('subject', { do: fault });

      expect(failed.error?.kind).toBe('out-of-memory');
      expect((await lambda.invoke('subject', {})).payload).toBe(1);
    },
  );

  test('the invocations that wait behind it are answered by the new sandbox', async () => {
    const { lambda } = await lambdaRunning(faulty, { Timeout: 1, ReservedConcurrentExecutions: 50 });

    const all = await Promise.all([
      lambda.invoke('subject', { do: 'exit' }),
      ...Array.from({ length: 10 }, () => lambda.invoke('subject', {})),
    ]);

    expect(all.filter(({ error }) => error)).toHaveLength(1);
    expect(all.slice(1).every(({ payload }) => Number(payload) >= 1)).toBe(true);
  });
});

describe('a handler that cannot be loaded', () => {
  test.each([
    ['export const other = 1;', 'Runtime.HandlerNotFound: index.handler is undefined or not exported'],
    ['export const handler = ;', 'Runtime.UserCodeSyntaxError'],
    ['import "./missing.mjs"; export const handler = 1;', 'Runtime.ImportModuleError'],
    ['throw new Error("no table"); export const handler = 1;', 'Error: no table'],
    ['export const handler = (event, context, callback) => callback();', 'CallbackHandlerDeprecated'],
  ])('%s fails the start with its name and reason', async (code, message) => {
    const { lambda } = await lambdaRunning(code);

    await expect(lambda.start?.()).rejects.toThrow(
      /^subject \(AWS::Lambda::Function subject\) does not start/,
    );
    await expect(lambda.start?.()).rejects.toThrow(message);
  });

  test('without a start, each invocation is a function error of kind init', async () => {
    const { lambda } = await lambdaRunning('throw new Error("no table")');

    const results = await Promise.all([lambda.invoke('subject', 1), lambda.invoke('subject', 2)]);

    for (const { error } of results) {
      expect(error).toMatchObject({ kind: 'init', errorType: 'Error', errorMessage: 'no table' });
    }
  });

  test.each([
    [{ Handler: 'other.handler' }, 'has no module "other"'],
    [{ Handler: 'handler' }, 'is not of the form module.export'],
    [{ Runtime: 'nodejs14.x' }, 'Runtime is nodejs14.x'],
    [{ VpcConfig: {} }, 'VpcConfig'],
    [{ MemorySize: 64 }, 'MemorySize'],
  ])('the property %j is refused at creation', async (properties, message) => {
    await expect(lambdaRunning('export const handler = async () => 1;', properties)).rejects.toThrow(message);
  });
});
