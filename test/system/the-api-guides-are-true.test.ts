import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { callerOf, eventually, sharedStack } from './support/api.ts';

const folder = resolve(import.meta.dirname, '../../docs/api');
const guides = readdirSync(folder).filter((file) => file.endsWith('.md'));
const mark = '=== next block ===';

/** The blocks of commands of a guide, in their order. */
function blocksOf(guide: string): string[] {
  const text = readFileSync(join(folder, guide), 'utf8');
  return [...text.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, commands = '']) => commands);
}

/** A directory in which the guide's first lines find a tenant of their own. */
async function workplace(): Promise<string> {
  const api = await callerOf();
  const company = await api.post('/api/v1/companies', { name: 'Alfreds Futterkiste' });
  const contact = { name: 'Maria Anders', email: 'maria@alfreds.example', companyId: company.body.id };
  expect(await api.post('/api/v1/contacts', contact)).toMatchObject({ status: 201 });
  // The reader's sample data has long been there when a guide searches it.
  for (const query of ['companies?q=alfreds', 'contacts?q=maria']) {
    const found = async () => (await api.get(`/api/v1/${query}`)).body.data.length;
    expect(await eventually(found, (count) => count === 1)).toBe(1);
  }
  const directory = mkdtempSync(join(tmpdir(), 'tandem-guide-'));
  const tenant = { id: api.tenantId, tokens: { owner: api.token, admin: api.token } };
  mkdirSync(join(directory, '.tandem'));
  writeFileSync(
    join(directory, '.tandem', 'local.json'),
    JSON.stringify({ ...sharedStack(), tenants: [tenant, tenant] }),
  );
  return directory;
}

describe('the commands of the guide', () => {
  test.each(guides)(
    '%s can be pasted',
    async (guide) => {
      const blocks = blocksOf(guide);
      expect(blocks.length).toBeGreaterThan(1);
      const directory = await workplace();
      try {
        const script = blocks.map((commands) => `${commands}\necho; echo '${mark}'`).join('\n');
        const { stdout, stderr } = await promisify(execFile)('bash', ['--norc', '-u', '-c', script], {
          cwd: directory,
          env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` },
          maxBuffer: 64 * 1024 * 1024,
        });
        expect(stderr).toBe('');
        for (const [at, output] of stdout.split(mark).entries()) {
          const problem = /\{[^{]*"traceId".*/.exec(output)?.[0];
          // A guide that shows how something is refused says so with the status in a comment.
          const [, status] = /# (4\d\d)/.exec(blocks[at] ?? '') ?? [];
          const expected = status === undefined ? undefined : expect.stringContaining(`"status":${status}`);
          expect({ commands: blocks[at], problem }).toEqual({ commands: blocks[at], problem: expected });
        }
      } finally {
        rmSync(directory, { recursive: true });
      }
    },
    60_000,
  );
});
