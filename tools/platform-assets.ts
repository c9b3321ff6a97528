import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { swaggerUiFiles } from '../functions/platform/docs/static-files.ts';
import type { Route } from '../functions/shared/route.ts';
import { openApiDocument } from './openapi.ts';

/** Swagger UI is Apache-2.0, parts of its bundle are not: both texts go where the files go. */
const licences = ['LICENSE', 'NOTICE', 'swagger-ui-bundle.js.LICENSE.txt'];

/** Puts what `platform` serves as files into its asset: `openapi.json` and `swagger-ui/`. */
export function writePlatformAssets(assetDir: string, routes: readonly Route[]): void {
  const target = join(assetDir, 'swagger-ui');
  mkdirSync(target, { recursive: true });
  const source = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  for (const file of [...swaggerUiFiles, ...licences]) copyFileSync(join(source, file), join(target, file));
  writeFileSync(join(assetDir, 'openapi.json'), JSON.stringify(openApiDocument(routes, version())));
}

function version(): string {
  const text = readFileSync(resolve(import.meta.dirname, '../package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
