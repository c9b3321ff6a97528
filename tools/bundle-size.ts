import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Metafile } from 'esbuild';
import { bundleFunctions } from './bundle.ts';

/** What each function may weigh, minified, in bytes (1 KB = 1000 bytes): the start of a cold one is mostly parsing. */
export const largestBundle = 300_000;

/** What must never get into a bundle, as a part of a module's path. */
export const unwanted = {
  'the CDK': /node_modules\/(aws-cdk-lib|constructs)\//,
  'the Powertools tracer': /node_modules\/(@aws-lambda-powertools\/tracer|aws-xray-sdk)/,
  'zod locales': /node_modules\/zod\/.*\/locales\/(?!en\.)/,
  'an AWS SDK client': /node_modules\/@aws-sdk\/(client|credential-provider)-/,
} as const;

export interface BundleReport {
  /** The function, or `<function>/<part>` for what it loads when it is first needed. */
  name: string;
  /** Of its file and of those that are loaded with it. */
  bytes: number;
  files: string[];
  /** Package → bytes, largest first; `tandem` is our own code. */
  parts: [string, number][];
  /** Why the bundle is refused. */
  problems: string[];
}

/** What each bundle weighs, what it is made of and what is wrong with it. */
export function reportBundles({ outputs }: Metafile): BundleReport[] {
  const entries = Object.keys(outputs).filter((file) => outputs[file]?.entryPoint !== undefined);
  return entries.map((file) => {
    const files = loadedWith(file, outputs);
    const bytes = files.reduce((sum, one) => sum + (outputs[one]?.bytes ?? 0), 0);
    const modules = files
      .flatMap((one) => Object.entries(outputs[one]?.inputs ?? {}))
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0);
    const problems = Object.entries(unwanted)
      .filter(([, pattern]) => modules.some(([path]) => pattern.test(path)))
      .map(([what]) => `contains ${what}`);
    if (bytes > largestBundle) problems.push(`is over ${largestBundle / 1000} KB`);
    return {
      name: file.replace(/^.*?([^/]+)\/(?:index|([^/]+?)(?:-[A-Z0-9]+)?)\.mjs$/, (_, fn, part) =>
        part ? `${fn}/${part}` : fn,
      ),
      bytes,
      files,
      parts: packages(modules),
      problems,
    };
  });
}

/** A file and what it imports at once, all the way down. */
function loadedWith(file: string, outputs: Metafile['outputs']): string[] {
  const files = new Set([file]);
  for (const one of files) {
    for (const { path, kind } of outputs[one]?.imports ?? []) {
      if (kind === 'import-statement' && Object.hasOwn(outputs, path)) files.add(path);
    }
  }
  return [...files];
}

function packages(modules: [string, { bytesInOutput: number }][]): [string, number][] {
  const sums = new Map<string, number>();
  for (const [path, { bytesInOutput }] of modules) {
    const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? 'tandem';
    sums.set(name, (sums.get(name) ?? 0) + bytesInOutput);
  }
  return [...sums].sort(([, a], [, b]) => b - a);
}

const kilobytes = (bytes: number) => `${(bytes / 1000).toFixed(1)} KB`.padStart(9);

if (import.meta.main) {
  const scratch = mkdtempSync(join(tmpdir(), 'tandem-size-'));
  const { metafile } = bundleFunctions(scratch);
  rmSync(scratch, { recursive: true });
  const reports = reportBundles(metafile);
  for (const { name, bytes, parts, problems } of reports) {
    const largest = parts.slice(0, 4).map(([part, size]) => `${part} ${kilobytes(size).trim()}`);
    console.log(`${name.padEnd(26)}${kilobytes(bytes)}  ${largest.join(', ')}`);
    for (const problem of problems) console.error(`${name} ${problem}`);
  }
  if (reports.some(({ problems }) => problems.length > 0)) process.exitCode = 1;
}
