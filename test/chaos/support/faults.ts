import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Functions whose sandboxes can be made to die in the middle of their work. */
export const mortalFunctions = ['runner', 'tasks'] as const;
export type MortalFunction = (typeof mortalFunctions)[number];

/** What befalls the invocations of a function. */
export interface Fault {
  /** Share of the invocations, 0 to 1. */
  share: number;
  /** Least and most milliseconds from the begin of an invocation to the end of its sandbox. */
  afterMillis: [number, number];
}

const fileOf = (directory: string, name: MortalFunction) => join(directory, `fault-${name}.json`);

/** From now on sandboxes of the function die. */
export function arm(directory: string, name: MortalFunction, fault: Fault): void {
  writeFileSync(fileOf(directory, name), JSON.stringify(fault));
}

/** From now on they live. */
export function disarm(directory: string): void {
  for (const name of mortalFunctions) rmSync(fileOf(directory, name), { force: true });
}

/** When sandboxes have died of this so far, epoch milliseconds. */
export function deathsOf(directory: string, name: MortalFunction): number[] {
  try {
    return readFileSync(`${fileOf(directory, name)}.deaths`, 'utf8')
      .trim()
      .split('\n')
      .map(Number);
  } catch {
    return [];
  }
}

/**
 * The module that stands in for a function's own: it hands each invocation on and, while a fault is armed, ends
 * the sandbox under it, as a lack of memory or a lost host would.
 */
export function mortalModule(directory: string, name: MortalFunction): string {
  const file = JSON.stringify(fileOf(directory, name));
  return `import { appendFileSync, readFileSync } from 'node:fs';
import { handler as living } from './living.mjs';
export const handler = (event, context) => {
  let fault;
  try { fault = JSON.parse(readFileSync(${file}, 'utf8')); } catch {}
  if (fault && Math.random() < fault.share) {
    const [least, most] = fault.afterMillis;
    setTimeout(() => {
      appendFileSync(${file} + '.deaths', Date.now() + '\\n');
      process.exit(1);
    }, least + Math.random() * (most - least));
  }
  return living(event, context);
};
`;
}
