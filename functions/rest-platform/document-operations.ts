import { assetFile, documentationFile, type StaticFile } from '../platform/docs/static-files.ts';
import { matchesNone } from '../shared/etag.ts';
import type { RestRequest } from '../shared/http/request.ts';
import type { RestResponse } from '../shared/http/response.ts';
import type { Operation } from '../shared/http/rest-handler.ts';

/** Swagger UI sets styles inline and draws its logo from a data URI; nothing else is let in. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** An hour, then asked for again by entity tag: the files change with a deployment only. */
const pageCaching = 'public, max-age=3600';

/**
 * What serves the documentation.
 * @param assets the directory with `openapi.json` and `swagger-ui/`, ending in a slash
 */
export function documentOperations(assets: URL): Record<string, Operation> {
  return {
    getOpenApi: async (request) =>
      fileResponse(request, await assetFile(new URL('openapi.json', assets)), 'no-cache'),
    // Not to `/api/docs/`: a gateway that ignores the last slash would lead back here for ever.
    redirectToDocs: async () => ({ status: 302, headers: { location: '/api/docs/index.html' } }),
    getDocs: async (request) =>
      fileResponse(request, await documentationFile(assets, request.path.proxy ?? ''), pageCaching),
  };
}

function fileResponse(
  { ifNoneMatch }: RestRequest,
  { contentType, body, etag }: StaticFile,
  cacheControl: string,
): RestResponse {
  const headers = { etag, 'cache-control': cacheControl };
  if (matchesNone(ifNoneMatch, etag)) return { status: 304, headers };
  return {
    status: 200,
    headers: {
      ...headers,
      'content-type': contentType,
      'content-security-policy': contentSecurityPolicy,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    },
    body,
  };
}
