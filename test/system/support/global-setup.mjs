import { startRuntime } from './start-runtime.ts';

/** One runtime serves all system tests; each test works in tenants of its own. */
export default async function startSharedRuntime() {
  const runtime = await startRuntime({ env: { TANDEM_LOCAL_RETRY_SECONDS: '1' } });
  process.env.TANDEM_TEST_STACK = JSON.stringify(runtime.stack);
  globalThis.tandemTestRuntime = runtime;
}
