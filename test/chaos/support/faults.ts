import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './wait.ts';

/** Functions whose sandboxes can be ended in the middle of their work. */
export const mortalFunctions = ['runner', 'tasks', 'changes'] as const;
export type MortalFunction = (typeof mortalFunctions)[number];

const wishOf = (directory: string, name: MortalFunction) => join(directory, `end-${name}`);

/**
 * Ends one sandbox of the function that is at work, now or as soon as there is one.
 * @returns when it died, epoch milliseconds
 */
export async function killSandbox(directory: string, name: MortalFunction): Promise<number> {
  const wish = wishOf(directory, name);
  writeFileSync(wish, '');
  await until(`a sandbox of ${name} has died`, 60_000, () => !existsSync(wish), 5);
  return Number(readFileSync(`${wish}.granted`, 'utf8'));
}

/** Nothing is to die any more. */
export function spareSandboxes(directory: string): void {
  for (const name of mortalFunctions) rmSync(wishOf(directory, name), { force: true });
}

/**
 * The module that stands in for a function's own: it hands each invocation on, and ends the sandbox under it when
 * that is wished for, as a lack of memory or a lost host would. Of all sandboxes at work one grants the wish.
 */
export function mortalModule(directory: string, name: MortalFunction): string {
  const wish = JSON.stringify(wishOf(directory, name));
  return `import { existsSync, unlinkSync, writeFileSync } from 'node:fs';
import { handler as living } from './living.mjs';
export const handler = async (event, context) => {
  const looking = setInterval(() => {
    if (!existsSync(${wish})) return;
    writeFileSync(${wish} + '.granted', String(Date.now()));
    try { unlinkSync(${wish}); } catch { return; }
    process.exit(1);
  }, 15);
  try {
    return await living(event, context);
  } finally {
    clearInterval(looking);
  }
};
`;
}
