import type { DataDirectory } from './data-directory.ts';
import { personRoles, type TokenRequest } from './identity/token-request.ts';
import type { LocalTenant } from './local-json.ts';

/** The tenants of every local run: one with the sample data, one empty. */
const names = { northwind: 'Northwind Traders', acme: 'Acme' };

const tokenSeconds = 30 * 24 * 3600;
const keysFile = 'worker-keys.json';

/**
 * Makes the tenants' credentials. Tokens are new on each start; a worker key is made once, through the public API,
 * which shows it only then, and kept in the data directory.
 * @throws {Error} when the API refuses to make a key
 */
export async function prepareTenants(
  url: string,
  issueToken: (request: TokenRequest) => Promise<string>,
  data: DataDirectory,
): Promise<LocalTenant[]> {
  const keys = JSON.parse(data.read(keysFile) ?? '{}') as Record<string, string>;
  return Promise.all(
    Object.entries(names).map(async ([id, name]) => {
      const tokens = await Promise.all(
        personRoles.map(async (role) => {
          const sub = `${role}@${id}.example`;
          const token = await issueToken({
            tenantId: id,
            role,
            sub,
            name: `${name} ${role}`,
            expiresInSeconds: tokenSeconds,
          });
          return [role, token] as const;
        }),
      );
      const tenant = { id, name, tokens: Object.fromEntries(tokens) as LocalTenant['tokens'] };
      let workerKey = keys[id];
      if (workerKey === undefined) {
        workerKey = await createWorkerKey(url, tenant.tokens.owner);
        keys[id] = workerKey;
        data.write(keysFile, JSON.stringify(keys));
      }
      return { ...tenant, workerKey };
    }),
  );
}

async function createWorkerKey(url: string, token: string): Promise<string> {
  const response = await fetch(`${url}/api/v1/api-keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Local worker', role: 'worker' }),
  });
  const text = await response.text();
  const key = response.ok ? (JSON.parse(text) as { key?: string }).key : undefined;
  if (key === undefined)
    throw new Error(`POST /api/v1/api-keys answered ${response.status} ${text.slice(0, 300)}`);
  return key;
}
