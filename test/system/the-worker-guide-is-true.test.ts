import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { callerOf, sharedStack } from './support/api.ts';
import { shownAnswer } from './support/shown-answer.ts';

const guide = readFileSync(resolve(import.meta.dirname, '../../docs/worker-protocol.md'), 'utf8');
const mark = '=== next step ===';

/** The commands with the answer that stands behind each, if one does; the first block is for the reader's own stack. */
const steps = [...guide.matchAll(/```sh\n([\s\S]*?)```(?:\n```json\n([\s\S]*?)```)?/g)]
  .slice(1)
  .map(([, command = '', answer]) => ({ command, answer }));

test('the commands of the worker guide give the answers that it shows', async () => {
  const api = await callerOf();
  expect(steps.filter(({ answer }) => answer).length).toBeGreaterThan(5);
  const script = steps.map(({ command }) => `${command}\necho; echo '${mark}'`).join('\n');
  const { stdout } = await promisify(execFile)('bash', ['-c', script], {
    env: { ...process.env, TANDEM_URL: sharedStack().url, TOKEN: api.token },
  });
  const answers = stdout.split(mark);
  for (const [at, { command, answer }] of steps.entries()) {
    if (answer === undefined) continue;
    expect(`${command}${answers[at]?.trim()}`).toMatch(shownAnswer(answer));
  }
}, 60_000);
