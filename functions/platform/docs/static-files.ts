import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { notFound } from '../../shared/problem.ts';
import { errorsPage } from './errors-page.ts';
import { swaggerInitializer, swaggerPage } from './swagger-page.ts';

/** The files of swagger-ui-dist that the documentation uses; the build puts them into `swagger-ui/` of the asset. */
export const swaggerUiFiles = [
  'swagger-ui.css',
  'swagger-ui-bundle.js',
  'favicon-16x16.png',
  'favicon-32x32.png',
] as const;

export interface StaticFile {
  contentType: string;
  body: Uint8Array | string;
  etag: string;
}

const contentTypes: Record<string, string> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  png: 'image/png',
  html: 'text/html; charset=utf-8',
  json: 'application/json; charset=utf-8',
};

/** What is made here rather than read: name → text. */
const pages: Record<string, () => string> = {
  'index.html': swaggerPage,
  'swagger-initializer.js': swaggerInitializer,
  errors: errorsPage,
};

const loaded = new Map<string, Promise<StaticFile>>();

/**
 * A file of the documentation. Names are looked up, never joined into a path, so no name leads outside.
 * @param name as in the path after `/api/docs/`; empty means the page itself
 * @throws {Problem} `not_found`
 */
export async function documentationFile(assets: URL, name: string): Promise<StaticFile> {
  const page = Object.hasOwn(pages, name || 'index.html') ? pages[name || 'index.html'] : undefined;
  if (page) return toFile(page(), name.endsWith('.js') ? 'js' : 'html');
  const known = swaggerUiFiles.find((file) => file === name);
  if (!known) throw notFound('page', name);
  return assetFile(new URL(`swagger-ui/${known}`, assets));
}

/** A file of the asset, read once. */
export function assetFile(url: URL): Promise<StaticFile> {
  let file = loaded.get(url.href);
  if (!file) {
    file = readAsset(url);
    loaded.set(url.href, file);
    file.catch(() => loaded.delete(url.href));
  }
  return file;
}

async function readAsset(url: URL): Promise<StaticFile> {
  const extension = url.pathname.slice(url.pathname.lastIndexOf('.') + 1);
  const bytes = await readFile(url);
  return toFile(extension === 'png' ? bytes : bytes.toString('utf8'), extension);
}

function toFile(body: Uint8Array | string, extension: string): StaticFile {
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 22);
  return {
    contentType: contentTypes[extension] ?? 'application/octet-stream',
    body,
    etag: `"${hash}"`,
  };
}
