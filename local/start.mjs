// `npm start`: runs main.ts from one bundled file. From source it takes 50 MB more, because Node's type stripper and
// hundreds of small modules stay in memory, and most of a second longer. `node local/main.ts` does the same without.
// Plain JavaScript, because this process goes on as the runtime.
//
// Two words of the script in package.json: `exec`, so that the signals npm passes on reach this process and not a
// shell that waits for it; MALLOC_ARENA_MAX, because glibc gives each sandbox, a thread, a heap of its own (15 MB).
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const directory = resolve(import.meta.dirname, '../.build/local');
const bundle = resolve(directory, 'main.mjs');

if (!isFresh()) {
  const builder = resolve(import.meta.dirname, 'build-runtime.mjs');
  const { status } = spawnSync(process.execPath, [builder, directory], { stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
await import(pathToFileURL(bundle).href);

/** Whether the bundle was made from the files as they are now. */
function isFresh() {
  try {
    const inputs = JSON.parse(readFileSync(resolve(directory, 'inputs.json'), 'utf8'));
    return Object.entries(inputs).every(([file, modified]) => statSync(file).mtimeMs === modified);
  } catch {
    return false;
  }
}
