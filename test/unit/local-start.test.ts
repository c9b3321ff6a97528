import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readCommandLine } from '../../local/command-line.ts';
import { openDataDirectory } from '../../local/data-directory.ts';
import { findDynoxide } from '../../local/data-services/dynoxide-binary.ts';
import { checkPort } from '../../local/port-check.ts';
import { createProgressLine } from '../../local/progress-line.ts';
import { explainSynthesisFailure } from '../../local/synthesis-failure.ts';

describe('the command line', () => {
  test('has defaults', () => {
    expect(readCommandLine([], '/work')).toEqual({
      port: 3000,
      dataDir: '/work/.tandem',
      sampleData: true,
      app: undefined,
    });
  });

  test('takes each option', () => {
    const given = ['--port', '4000', '--data=/elsewhere', '--no-sample-data', '--app', 'node x.ts'];
    expect(readCommandLine(given, '/work')).toEqual({
      port: 4000,
      dataDir: '/elsewhere',
      sampleData: false,
      app: 'node x.ts',
    });
  });

  test.each([
    [['--prot', '1'], "Unknown option '--prot'"],
    [['extra'], "Unexpected argument 'extra'"],
    [['--port', 'abc'], '--port takes a number from 1 to 65535, not "abc"'],
    [['--port', '70000'], '--port takes a number from 1 to 65535, not "70000"'],
    [['--port'], "Option '--port <value>' argument missing"],
    [['--data', ''], '--data takes a directory'],
  ])('%j is refused in one line', (given, message) => {
    let refusal = '';
    try {
      readCommandLine(given, '/work');
    } catch (error) {
      refusal = (error as Error).message;
    }
    expect(refusal).toContain(message);
    expect(refusal).not.toContain('\n');
  });
});

describe('the data directory', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tandem-data-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  /** Opens the directory in another process. */
  const openElsewhere = () => {
    const script = `import('${resolve('local/data-directory.ts')}').then((m) => m.openDataDirectory('${directory}')).then(() => console.log('open'), (e) => console.log(e.message))`;
    return spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' }).stdout.trim();
  };

  test('belongs to one run at a time, and to the next when that has ended', () => {
    const data = openDataDirectory(directory);
    expect(openElsewhere()).toBe(`The data directory ${directory} is in use by another run.`);
    data.release();
    expect(openElsewhere()).toBe('open');
  });

  test('keeps what was made once, for its owner only', () => {
    const data = openDataDirectory(directory);
    const first = data.keep('secret', () => 'one');
    expect([first, data.keep('secret', () => 'two')]).toEqual(['one', 'one']);
    expect(statSync(join(directory, 'secret')).mode & 0o777).toBe(0o600);
    data.release();
  });
});

test('a taken port is told before anything starts', async () => {
  const other = createServer();
  const port = await new Promise<number>((done) => {
    other.listen(0, '127.0.0.1', () => done((other.address() as { port: number }).port));
  });
  await expect(checkPort(port)).rejects.toThrow(`Port ${port} is taken; choose another with --port.`);
  await new Promise((done) => other.close(done));
  await expect(checkPort(port)).resolves.toBeUndefined();
});

test('a platform without the DynamoDB engine is told the ways out in one line', () => {
  expect(() => findDynoxide('plan9', 'mips')).toThrow(
    'No DynamoDB engine for plan9-mips: run "npm install --no-save @dynoxide/plan9-mips@1.2.1", or set AWS_ENDPOINT_URL_DYNAMODB to a running DynamoDB Local.',
  );
});

describe('a synthesis that fails', () => {
  test('tells the error without the stack trace', () => {
    const output = `file:///x/lib/a.ts:3\n  throw new Error('no');\n        ^\n\nValidationError: Cannot find table "x"\n    at f (file:///x)\n    at g\n\nNode.js v24.1.0\n`;
    expect(explainSynthesisFailure('node bin/tandem.ts', output)).toBe(
      'Synthesis ("node bin/tandem.ts") stopped the start:\nValidationError: Cannot find table "x"',
    );
  });

  test('tells the file that cannot be bundled', () => {
    const output =
      '✘ [ERROR] Could not resolve "./missing.ts"\n\n    functions/crm/handler.ts:1:7:\n      1 │ import "./missing.ts"\n\nnode:internal\nError: Build failed with 1 error:\n    at x\n';
    expect(explainSynthesisFailure('app', output)).toBe(
      'Bundling stopped the start:\nfunctions/crm/handler.ts:1:7: Could not resolve "./missing.ts"',
    );
  });

  test('tells each finding of a validation with its gate and logical id, long ones shortened', () => {
    const output = [
      'file:/x/lib/tables.ts:33:19',
      `ERROR DisplayName: 'Nowhere' is not one of [${"'A', ".repeat(200)}] (CloudFormation Validate)`,
      '   tandem-dev/AlarmTopic/Resource (AlarmTopicF724909D) aws-cdk-lib.aws_sns.CfnTopic',
      "   Acknowledge with 'CloudFormation-Validate::F1020'",
      '',
      'ERROR The queue has no dead-letter queue. (AwsSolutions)',
      '   tandem-dev/NoDlq/Resource aws-cdk-lib.aws_sqs.CfnQueue',
      'node:internal/modules/run_main:107',
      '',
      '«ValidationFailed» Validation failed.',
    ].join('\n');
    const [head, first, second, ...rest] = explainSynthesisFailure('app', output).split('\n');
    expect(head).toBe('Template validation stopped the start:');
    expect(first).toMatch(
      /^CloudFormation Validate: tandem-dev\/AlarmTopic\/Resource \(AlarmTopicF724909D\): DisplayName: 'Nowhere' is not one of/,
    );
    expect(first?.length).toBeLessThan(450);
    expect(second).toBe('AwsSolutions: tandem-dev/NoDlq/Resource: The queue has no dead-letter queue.');
    expect(rest).toEqual([]);
  });
});

test('the progress line is replaced on a terminal and listed elsewhere', () => {
  const shown = (isTTY: boolean) => {
    let text = '';
    const stream = { isTTY, write: (chunk: string) => (text += chunk) } as unknown as NodeJS.WriteStream;
    const line = createProgressLine(stream);
    line.update('1 of 2');
    line.print('note');
    line.update('2 of 2');
    line.end();
    return text;
  };
  expect(shown(true)).toBe('\r\u001b[K1 of 2\r\u001b[Knote\n1 of 2\r\u001b[K2 of 2\n');
  expect(shown(false)).toBe('1 of 2\nnote\n2 of 2\n');
});
