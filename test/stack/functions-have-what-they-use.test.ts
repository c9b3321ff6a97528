import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Metafile } from 'esbuild';
import { bundleFunctions, functionFolders } from '../../tools/bundle.ts';
import { resource, type SynthesisedStack, synthesised } from './support/synthesised-stack.ts';

const root = resolve(import.meta.dirname, '../..');
const directory = mkdtempSync(join(tmpdir(), 'tandem-bundles-'));
let metafile: Metafile;
let whole: SynthesisedStack;

beforeAll(() => {
  metafile = bundleFunctions(directory).metafile;
  whole = synthesised();
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
  whole[Symbol.dispose]();
});

/** Our own modules that made it into a function's bundle. */
function sourcesOf(fn: string): string[] {
  const outputs = Object.entries(metafile.outputs).filter(([file]) => file.includes(`/${fn}/`));
  if (outputs.length === 0) throw new Error(`no bundle ${fn}`);
  return outputs
    .flatMap(([, { inputs }]) => Object.entries(inputs))
    .filter(([path, { bytesInOutput }]) => path.startsWith('functions/') && bytesInOutput > 0)
    .map(([path]) => readFileSync(join(root, path), 'utf8'));
}

/** The variables that its sources read through `env`, tables by the names that the table module gets. */
function variablesRead(fn: string): Set<string> {
  const read = new Set<string>();
  for (const source of sourcesOf(fn)) {
    for (const [, name = ''] of source.matchAll(/\benv\('(\w+)'\)/g)) read.add(name);
    for (const [, table = ''] of source.matchAll(
      /\b(?:(?:get|put|update|delete|batchGet)Items?\(\s*|table: |physicalTableName\()'(\w+)'/g,
    )) {
      read.add(`TABLE_${table.toUpperCase()}`);
    }
    // Health looks at every table.
    if (source.includes('Object.keys(tableSchemas)')) {
      for (const table of ['CRM', 'TASKS', 'PLATFORM', 'VIEWS']) read.add(`TABLE_${table}`);
    }
  }
  // Lambda sets the region.
  read.delete('AWS_REGION');
  return read;
}

const variablesSet = (fn: string) =>
  Object.keys(
    resource(whole.template, 'AWS::Lambda::Function', new RegExp(`^Functions${fn}Function`)).Environment
      .Variables,
  );

const policyOf = (fn: string): { Action: string | string[] }[] =>
  resource(whole.template, 'AWS::IAM::Policy', new RegExp(`^Functions${fn}Role`)).PolicyDocument.Statement;

test.each(Object.keys(functionFolders))('%s has the variables that it reads and no others', (fn) => {
  expect(variablesSet(fn).sort()).toEqual([...variablesRead(fn)].sort());
});

test.each(Object.keys(functionFolders))('%s may touch the tables that it is told of and no others', (fn) => {
  const policy = JSON.stringify(
    policyOf(fn).filter(({ Action }) => !JSON.stringify(Action).includes('dynamodb:GetRecords')),
  );
  const granted = ['crm', 'tasks', 'platform', 'views'].filter((table) => policy.includes(`"Tables${table}`));
  const told = variablesSet(fn).flatMap((name) => /^TABLE_(\w+)$/.exec(name)?.[1]?.toLowerCase() ?? []);
  expect(granted.sort()).toEqual(told.sort());
});

/**
 * Operations as they stand in the code → the action that they need. Unused code is not in a bundle, but for
 * DeleteItem, which is one of the kinds of a planned write.
 */
const operations = {
  SendMessage: 'sqs:SendMessage',
  SendMessageBatch: 'sqs:SendMessage',
  ReceiveMessage: 'sqs:ReceiveMessage',
  ChangeMessageVisibilityBatch: 'sqs:ChangeMessageVisibility',
  StartMessageMoveTask: 'sqs:StartMessageMoveTask',
  ChangeMessageVisibility: 'sqs:ChangeMessageVisibility',
  GetQueueAttributes: 'sqs:GetQueueAttributes',
  GetMetricData: 'cloudwatch:GetMetricData',
  DescribeAlarms: 'cloudwatch:DescribeAlarms',
  DescribeTable: 'dynamodb:DescribeTable',
  Query: 'dynamodb:Query',
  BatchGetItem: 'dynamodb:BatchGetItem',
  BatchWriteItem: 'dynamodb:BatchWriteItem',
};

test.each(Object.keys(functionFolders))('%s may call what it calls', (fn) => {
  const files = readdirSync(join(directory, fn)).filter((file) => file.endsWith('.mjs'));
  const code = files.map((file) => readFileSync(join(directory, fn, file), 'utf8')).join('\n');
  const policy = JSON.stringify(policyOf(fn));
  const denied = Object.entries(operations)
    .filter(([operation, action]) => code.includes(`"${operation}"`) && !policy.includes(`"${action}"`))
    .map(([, action]) => action);
  expect(denied).toEqual([]);
});
