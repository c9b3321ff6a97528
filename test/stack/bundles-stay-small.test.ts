import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from '@jest/globals';
import type { Metafile } from 'esbuild';
import { bundleFunctions, functionFolders } from '../../tools/bundle.ts';
import { largestBundle, reportBundles } from '../../tools/bundle-size.ts';

const directory = mkdtempSync(join(tmpdir(), 'tandem-bundles-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('every function is bundled, within the budget and without what is unwanted', () => {
  const reports = reportBundles(bundleFunctions(directory).metafile);
  const functions = reports.map(({ name }) => name).filter((name) => !name.includes('/'));
  expect(functions.sort()).toEqual(Object.keys(functionFolders).sort());
  for (const { name, bytes, files, problems } of reports) {
    expect([name, problems]).toEqual([name, []]);
    const sizes = files.map((file) => readFileSync(resolve(import.meta.dirname, '../..', file)).length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(bytes);
  }
});

test('a bundle that is too large or holds a part of the CDK is refused', () => {
  const report = (bytes: number, inputs: string[]) =>
    reportBundles({
      inputs: {},
      outputs: {
        'out/crm/index.mjs': {
          bytes,
          entryPoint: 'functions/rest-crm/handler.ts',
          inputs: Object.fromEntries(inputs.map((path) => [path, { bytesInOutput: 1 }])),
          imports: [],
          exports: [],
        },
      },
    } satisfies Metafile)[0]?.problems;
  expect(report(largestBundle, ['functions/crm/contact.ts'])).toEqual([]);
  expect(report(largestBundle + 1, [])).toEqual(['is over 300 KB']);
  expect(report(1, ['node_modules/aws-cdk-lib/core/index.js'])).toEqual(['contains the CDK']);
  expect(report(1, ['node_modules/@aws-lambda-powertools/tracer/lib/esm/index.js'])).toEqual([
    'contains the Powertools tracer',
  ]);
  expect(report(1, ['node_modules/zod/v4/locales/de.js'])).toEqual(['contains zod locales']);
});
