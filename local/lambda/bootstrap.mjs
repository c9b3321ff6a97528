// The runtime inside a sandbox: what Lambda's own Node.js runtime does around a handler, over a message port.
// Plain JavaScript, because TypeScript would load the type stripper into every sandbox.
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import v8 from 'node:v8';
import vm from 'node:vm';
import { parentPort, workerData } from 'node:worker_threads';
import { patchConsole } from './bootstrap-console.mjs';

// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 6 MB, plus some for the envelope.
const largestResponse = 6_291_556;

const { moduleBase, exportPath, handler: handlerName } = workerData;
const current = { requestId: undefined };

// Output goes out as it is written, so that the lines of a sandbox that never returns are not lost.
for (const stream of ['stdout', 'stderr']) {
  process[stream].write = (chunk, encoding, callback) => {
    const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
    parentPort.postMessage({ type: 'output', text });
    const done = typeof encoding === 'function' ? encoding : callback;
    if (done) queueMicrotask(done);
    return true;
  };
}
if (process.env.AWS_LAMBDA_LOG_FORMAT === 'JSON') {
  patchConsole(process.env.AWS_LAMBDA_LOG_LEVEL ?? 'INFO', () => current.requestId);
}

process.on('uncaughtException', (error) => die('uncaught', error));
process.on('unhandledRejection', (reason) =>
  die('uncaught', {
    name: 'Runtime.UnhandledPromiseRejection',
    message: reason instanceof Error ? `${reason.name}: ${reason.message}` : String(reason),
    stack: reason instanceof Error ? reason.stack : undefined,
  }),
);

const handler = await load().catch((error) => {
  parentPort.postMessage({ type: 'init-error', error: describe(error) });
});

if (handler) {
  parentPort.on('message', (message) => {
    if (message.type === 'compact') compact();
    else invoke(message);
  });
  parentPort.postMessage({ type: 'ready' });
}

async function load() {
  const file = ['.mjs', '.js', '.cjs'].map((extension) => moduleBase + extension).find(existsSync);
  if (!file) throw runtimeError('ImportModuleError', `Cannot find module '${handlerName.split('.')[0]}'`);
  let found;
  try {
    found = await import(pathToFileURL(file).href);
  } catch (error) {
    if (error instanceof SyntaxError) throw runtimeError('UserCodeSyntaxError', error.message);
    if (error?.code === 'ERR_MODULE_NOT_FOUND') throw runtimeError('ImportModuleError', error.message);
    throw error;
  }
  for (const name of exportPath) found = found?.[name];
  if (typeof found !== 'function') {
    throw runtimeError('HandlerNotFound', `${handlerName} is undefined or not exported`);
  }
  if (found.length > 2) {
    const why = 'Node.js 24 on Lambda has no callback-based handlers: return a promise';
    throw runtimeError('CallbackHandlerDeprecated', why);
  }
  return found;
}

async function invoke({ requestId, payload, deadline, traceHeader, context }) {
  current.requestId = requestId;
  process.env._X_AMZN_TRACE_ID = traceHeader;
  try {
    const result = await handler(JSON.parse(payload), makeContext(requestId, deadline, context));
    reply(requestId, { payload: serialise(result) });
  } catch (error) {
    reply(requestId, { error: describe(error) });
  }
}

function reply(requestId, answer) {
  const { used_heap_size: heap, external_memory: external } = v8.getHeapStatistics();
  parentPort.postMessage({ type: 'result', requestId, memoryBytes: heap + external, ...answer });
}

function makeContext(awsRequestId, deadline, facts) {
  return {
    ...facts,
    awsRequestId,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

function serialise(result) {
  let text;
  try {
    text = JSON.stringify(result === undefined ? null : result) ?? 'null';
  } catch {
    throw runtimeError('MarshalError', 'Unable to stringify response body');
  }
  if (text.length > largestResponse / 3 && Buffer.byteLength(text) > largestResponse) {
    const why = `Response payload size exceeded maximum allowed payload size (${largestResponse} bytes).`;
    throw Object.assign(new Error(why), { name: 'Function.ResponseSizeTooLarge' });
  }
  return text;
}

/** After an idle while a full collection gives back about half of what start-up left behind. */
function compact() {
  v8.setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('gc');
  v8.setFlagsFromString('--no-expose-gc');
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  parentPort.postMessage({ type: 'compacted' });
}

function die(type, error) {
  parentPort.postMessage({ type, requestId: current.requestId, error: describe(error) });
  process.exit(129);
}

function runtimeError(kind, message) {
  return Object.assign(new Error(message), { name: `Runtime.${kind}` });
}

function describe(error) {
  if (error !== null && typeof error === 'object') {
    return {
      errorType: String(error.name ?? 'Error'),
      errorMessage: String(error.message ?? ''),
      stack: typeof error.stack === 'string' ? error.stack : undefined,
    };
  }
  return { errorType: typeof error, errorMessage: String(error) };
}
