import { rmSync } from 'node:fs';

export default async function stopSharedRuntime() {
  const runtime = globalThis.tandemTestRuntime;
  await runtime?.stop();
  if (runtime) rmSync(runtime.dataDir, { recursive: true, force: true });
}
