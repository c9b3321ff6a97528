import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { startRuntime } from '../test/system/support/start-runtime.ts';

/** `npm run load`: starts a local stack of its own, runs the scenario against it, ends with its verdict. */
const runtime = await startRuntime();
const tenant = runtime.stack.tenants.find(({ id }) => id === 'acme');
const token = tenant?.tokens.owner ?? '';
await fetch(`${runtime.stack.url}/api/v1/task-types/load`, {
  method: 'PUT',
  headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
  body: JSON.stringify({ executor: 'worker' }),
});
const artillery = join(import.meta.dirname, '..', 'node_modules', '.bin', 'artillery');
const { status } = spawnSync(artillery, ['run', join(import.meta.dirname, 'mixed.yml')], {
  stdio: 'inherit',
  env: {
    ...process.env,
    TANDEM_URL: runtime.stack.url,
    TANDEM_TOKEN: token,
    ARTILLERY_DISABLE_TELEMETRY: 'true',
  },
});
await runtime.stop();
rmSync(runtime.dataDir, { recursive: true, force: true });
process.exitCode = status ?? 1;
