import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { callerOf, eventually } from './support/api.ts';
import { shownAnswer } from './support/shown-answer.ts';
import { type RunningRuntime, startRuntime } from './support/start-runtime.ts';

const readme = readFileSync(resolve(import.meta.dirname, '../../README.md'), 'utf8');
let runtime: RunningRuntime;

beforeAll(async () => {
  runtime = await startRuntime({ sampleData: true });
}, 90_000);

afterAll(async () => {
  await runtime?.stop();
  if (runtime) rmSync(runtime.dataDir, { recursive: true, force: true });
});

/** The commands of the tour with the answer that stands behind each, if one does. */
function tour(): { command: string; answer?: string }[] {
  const [, section = ''] = readme.split('## A five-minute tour');
  const [text = ''] = section.split('\n## ');
  return [...text.matchAll(/```sh\n([\s\S]*?)```(?:\n```json\n([\s\S]*?)```)?/g)].map(
    ([, command = '', answer]) => ({ command, answer }),
  );
}

describe('the sample data', () => {
  test('are the customers and suppliers of Northwind, each customer with its contact person', async () => {
    const api = await callerOf({ stack: runtime.stack, tenantId: 'northwind' });
    const total = async (path: string) => (await api.get(`${path}?include=total&limit=1`)).body.total;
    expect(
      await eventually(
        () => total('/api/v1/companies'),
        (count) => count === 91 + 29,
        60_000,
        200,
      ),
    ).toBe(120);
    expect(
      await eventually(
        () => total('/api/v1/contacts'),
        (count) => count === 91,
        60_000,
        200,
      ),
    ).toBe(91);
    const suppliers = await api.get('/api/v1/companies?tags=supplier&limit=100&fields=name');
    expect(suppliers.body.data).toHaveLength(29);
    const [maria] = (await api.get('/api/v1/contacts?name=Maria%20Anders')).body.data;
    const company = await api.get(`/api/v1/companies/${maria.companyId}`);
    expect(company.body).toMatchObject({
      name: 'Alfreds Futterkiste',
      address: { city: 'Berlin', country: 'Germany' },
    });
  }, 90_000);
});

describe('the tour in the README', () => {
  test('gives the answers that it shows', async () => {
    const steps = tour();
    expect(steps.filter(({ answer }) => answer).length).toBeGreaterThan(8);
    const mark = '=== next step ===';
    const script = steps
      .map(({ command }) => `${command}\necho; echo '${mark}'`)
      .join('\n')
      .replaceAll('http://localhost:3000', runtime.stack.url)
      .replaceAll('./.tandem', runtime.dataDir);
    const output = execFileSync('bash', ['-c', script], {
      encoding: 'utf8',
      env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` },
    });
    const answers = output.split(mark);
    for (const [at, { command, answer }] of steps.entries()) {
      if (answer === undefined) continue;
      expect(`${command}${answers[at]?.trim()}`).toMatch(shownAnswer(answer));
    }
  }, 60_000);

  test('stands behind the two commands that do everything', () => {
    expect(readme.split('```')[1]).toBe('sh\nnpm ci && npm start\nnpm ci && npm test\n');
  });
});
