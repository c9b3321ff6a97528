import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FunctionLog } from '../../local/lambda/function-log.ts';
import { lineSplitter } from '../../local/lambda/function-output.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tandem-log-'));
});
afterEach(() => rm(directory, { recursive: true }));

const megabytes = async (path: string) => (await stat(path)).size / 1024 / 1024;

describe('the log of a function', () => {
  test('keeps two files of 5 MB at most, the newest lines in the first', async () => {
    const path = join(directory, 'logs', 'subject.log');
    const log = new FunctionLog(path);
    for (let i = 0; i < 130; i += 1) {
      log.write(`${i} ${'x'.repeat(100_000)}`);
      if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    log.write('the last');
    await log.close();

    expect(await megabytes(path)).toBeLessThanOrEqual(5);
    expect(await megabytes(`${path}.1`)).toBeLessThanOrEqual(5);
    expect(await readFile(path, 'utf8')).toMatch(/\nthe last\n$/);
  });

  test('goes on where the last run ended', async () => {
    const path = join(directory, 'subject.log');
    for (const line of ['first run', 'second run']) {
      const log = new FunctionLog(path);
      log.write(line);
      await log.close();
    }

    expect(await readFile(path, 'utf8')).toBe('first run\nsecond run\n');
  });

  test('that cannot be written does not fail the function', async () => {
    await writeFile(join(directory, 'file'), '');
    const log = new FunctionLog(join(directory, 'file', 'subject.log'));
    log.write('lost');
    await log.close();
    log.write('lost, too');
    await expect(log.close()).resolves.toBeUndefined();
  });
});

describe('output', () => {
  function split(...pieces: string[]) {
    const seen: string[] = [];
    const lines = lineSplitter({
      metric: (line) => seen.push(`metric ${line}`),
      text: (line) => seen.push(`text ${line.length > 20 ? line.length : line}`),
    });
    for (const piece of pieces) lines.write(piece);
    lines.end();
    return seen;
  }

  test.each([
    [['one\ntwo\n'], ['text one', 'text two']],
    [
      ['on', 'e\nt', 'wo'],
      ['text one', 'text two'],
    ],
    [['\n\n'], []],
    [['{"_aws":{}}\n{"a":1}\n'], ['metric {"_aws":{}}', 'text {"a":1}']],
    [
      ['x'.repeat(2_000_000), 'y\n'],
      ['text 1048576', 'text y'],
    ],
  ])('%# comes as lines, whatever its pieces', (pieces, lines) => {
    expect(split(...pieces)).toEqual(lines);
  });
});
