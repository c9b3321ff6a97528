import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PersonRole } from './identity/token-request.ts';

/** A tenant of the local run with everything to call the API as one of its people or programs. */
export interface LocalTenant {
  id: string;
  name: string;
  /** Bearer tokens, valid for 30 days from the start. */
  tokens: Record<PersonRole, string>;
  /** An API key of the role `worker`. */
  workerKey: string;
}

/** `<data>/local.json`: how programs find the running stack. It exists only while the stack answers. */
export interface LocalJson {
  /** The public origin, e.g. `http://localhost:3000`. */
  url: string;
  graphqlUrl: string;
  realtimeUrl: string;
  tenants: LocalTenant[];
  /** `POST <issuer>/token` makes more tokens, expired ones too. */
  issuer: string;
  /** `GET <inspectUrl>?since=<seq>`: the AWS calls that the functions made. */
  inspectUrl: string;
  /** Of the runtime's process. */
  pid: number;
  sampleData: 'none' | 'loading' | 'loaded';
}

const fileName = 'local.json';

/** Writes the file in one step: a reader sees all of it or none. Its keys open the API, so it is for the owner only. */
export function writeLocalJson(dataDir: string, content: LocalJson): void {
  const next = join(dataDir, `${fileName}.next`);
  writeFileSync(next, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  renameSync(next, join(dataDir, fileName));
}

export function removeLocalJson(dataDir: string): void {
  rmSync(join(dataDir, fileName), { force: true });
}
