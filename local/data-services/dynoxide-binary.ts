import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { StartError } from '../start-error.ts';

/**
 * Path of the dynoxide program that npm installed for this platform.
 * @throws {StartError} in one line, with the ways out
 */
export function findDynoxide(
  platform: string = process.platform,
  architecture: string = process.arch,
): string {
  const name = `@dynoxide/${platform}-${architecture}`;
  const program = platform === 'win32' ? 'dynoxide.exe' : 'dynoxide';
  try {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
    return join(dirname(manifest), program);
  } catch {
    throw new StartError(
      `No DynamoDB engine for ${platform}-${architecture}: run "npm install --no-save ${name}@1.2.1", or set AWS_ENDPOINT_URL_DYNAMODB to a running DynamoDB Local.`,
    );
  }
}
