import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readAssembly } from '../../local/assembly.ts';
import { synthesize } from '../../local/synthesize.ts';

let root: string;

/** A project whose app writes an assembly of one stack and counts how often it ran. */
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tandem-project-'));
  mkdirSync(join(root, 'bin'));
  mkdirSync(join(root, 'lib'));
  writeFileSync(join(root, 'cdk.json'), JSON.stringify({ app: 'node bin/app.mjs', context: { flag: 'on' } }));
  writeFileSync(join(root, 'lib/stack.txt'), 'one');
  writeFileSync(
    join(root, 'bin/app.mjs'),
    `import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
     appendFileSync('runs', 'x');
     const out = process.env.CDK_OUTDIR;
     const note = readFileSync('lib/stack.txt', 'utf8');
     if (note === 'broken') throw new Error('the table has no key');
     mkdirSync(out, { recursive: true });
     const write = (name, value) => writeFileSync(out + '/' + name, JSON.stringify(value));
     write('s.template.json', { Resources: {}, Metadata: { note, context: process.env.CDK_CONTEXT_JSON } });
     write('s.assets.json', { files: { a: { source: { path: 'asset.a' }, destinations: { d: { objectKey: 'a.zip' } } } } });
     write('manifest.json', { artifacts: {
       's.assets': { type: 'cdk:asset-manifest', properties: { file: 's.assets.json' } },
       s: { type: 'aws:cloudformation:stack', properties: { templateFile: 's.template.json', stackName: 'tandem-dev' } } } });`,
  );
});

afterEach(() => rmSync(root, { recursive: true }));

const runs = (): number =>
  existsSync(join(root, 'runs')) ? readFileSync(join(root, 'runs'), 'utf8').length : 0;
const synthesizeInto = async (data: string): Promise<unknown> => {
  await synthesize({ root, assemblyDir: join(root, data, 'assembly') });
  return readAssembly(join(root, data, 'assembly')).template;
};

test('the app runs once per state of the sources, whatever the data directory', async () => {
  const first = await synthesizeInto('data-1');
  expect(first).toMatchObject({ Metadata: { note: 'one', context: '{"flag":"on"}' } });
  expect(await synthesizeInto('data-1')).toEqual(first);
  expect(await synthesizeInto('data-2')).toEqual(first);
  expect(runs()).toBe(1);
});

test('a changed source is seen, and a stack that runs keeps its own assembly', async () => {
  await synthesizeInto('data-1');
  writeFileSync(join(root, 'lib/stack.txt'), 'two');
  expect(await synthesizeInto('data-2')).toMatchObject({ Metadata: { note: 'two' } });
  expect(readAssembly(join(root, 'data-1/assembly')).template).toMatchObject({ Metadata: { note: 'one' } });
  expect(runs()).toBe(2);
});

test('two starts at once both get a whole assembly', async () => {
  const both = await Promise.all([synthesizeInto('data-1'), synthesizeInto('data-2')]);
  expect(both[0]).toEqual(both[1]);
  expect(readdirSync(join(root, '.build/assemblies'))).toHaveLength(1);
});

test('another app is run every time', async () => {
  const assemblyDir = join(root, 'data-1/assembly');
  for (let run = 1; run <= 2; run += 1) {
    await synthesize({ root, assemblyDir, app: 'node bin/app.mjs' });
    expect(runs()).toBe(run);
  }
});

test('an app that fails leaves nothing that looks like an assembly', async () => {
  writeFileSync(join(root, 'lib/stack.txt'), 'broken');
  await expect(synthesizeInto('data-1')).rejects.toThrow(
    'Synthesis ("node bin/app.mjs -c checks=fast") stopped the start:\nError: the table has no key',
  );
  expect(readdirSync(join(root, '.build/assemblies'))).toEqual([]);
  expect(existsSync(join(root, 'data-1/assembly'))).toBe(false);
});

describe('the assembly', () => {
  test('gives its stack name and finds assets by their key', async () => {
    await synthesizeInto('data-1');
    const directory = join(root, 'data-1/assembly');
    const { stackName, assets } = readAssembly(directory);
    expect(stackName).toBe('tandem-dev');
    expect(assets.path('a.zip')).toBe(join(directory, 'asset.a'));
    expect(() => assets.path('b.zip')).toThrow('The assembly has no asset "b.zip".');
  });

  test('must have one stack', () => {
    const directory = join(root, 'empty');
    mkdirSync(directory);
    writeFileSync(join(directory, 'manifest.json'), '{"artifacts":{}}');
    expect(() => readAssembly(directory)).toThrow('The local runtime runs one stack; the app synthesises 0.');
  });
});
