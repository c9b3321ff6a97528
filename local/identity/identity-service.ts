import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { SignJWT } from 'jose';
import type { DataDirectory } from '../data-directory.ts';
import { findFreePort } from '../data-services/free-port.ts';
import { checkProperties } from '../resources/check-properties.ts';
import type { CreatedResource, ProvidingService, ResolvedResource, RuntimeSettings } from '../types.ts';
import { openSigningKey } from './signing-key.ts';
import { parseTokenRequest, type TokenRequest } from './token-request.ts';

/** An OIDC issuer in the place of the Cognito user pool: same keys document, same claims, no passwords. */
export interface IdentityService extends ProvidingService {
  /** `http://127.0.0.1:<port>`, the `iss` of all tokens; the same from run to run while the port is free. */
  issuer: string;
  /** An ID token as the pool's app client would get it. */
  issueToken(request: TokenRequest): Promise<string>;
}

/** Of a token when nothing else is asked for, as in the stack. */
const defaultSeconds = 3600;

/** Starts listening at once: the issuer's address is an attribute of the user pool. */
export async function startIdentityService(
  settings: Pick<RuntimeSettings, 'region' | 'accountId'>,
  data: DataDirectory,
): Promise<IdentityService> {
  const key = await openSigningKey(data);
  const port = await findFreePort(Number(data.read('issuer-port')) || undefined);
  data.write('issuer-port', String(port));
  const issuer = `http://127.0.0.1:${port}`;
  let audience = '';

  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) =>
      reply(response, 400, { error: 'invalid_request', error_description: error.message }),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });

  return {
    issuer,
    issueToken,
    providers: {
      'AWS::Cognito::UserPool': { create: createPool },
      'AWS::Cognito::UserPoolClient': { create: createClient },
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', issuer).pathname;
    if (request.method === 'POST' && path === '/token') {
      const asked = parseTokenRequest(request.headers['content-type'] ?? '', await readText(request));
      const token = await issueToken(asked);
      const expires_in = asked.expiresInSeconds ?? defaultSeconds;
      return reply(response, 200, { id_token: token, access_token: token, token_type: 'Bearer', expires_in });
    }
    if (path === '/.well-known/jwks.json') return reply(response, 200, { keys: [key.publicJwk] });
    if (path === '/.well-known/openid-configuration') return reply(response, 200, discovery());
    reply(response, 404, { error: 'not_found' });
  }

  function discovery(): Record<string, unknown> {
    return {
      issuer,
      jwks_uri: `${issuer}/.well-known/jwks.json`,
      token_endpoint: `${issuer}/token`,
      id_token_signing_alg_values_supported: ['RS256'],
      response_types_supported: ['token'],
      subject_types_supported: ['public'],
      claims_supported: ['iss', 'aud', 'sub', 'tenantId', 'role', 'name', 'iat', 'exp', 'token_use'],
    };
  }

  async function issueToken({ tenantId, role, sub, name, expiresInSeconds }: TokenRequest): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const lifetime = expiresInSeconds ?? defaultSeconds;
    // Cognito prefixes attributes of one's own; DESIGN's contract has them plain. A token carries both.
    const claims = {
      tenantId,
      role,
      'custom:tenantId': tenantId,
      'custom:role': role,
      name,
      token_use: 'id',
    };
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid: key.id, typ: 'JWT' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(sub ?? `${role}@${tenantId}`)
      .setIssuedAt(Math.min(now, now + lifetime - 1))
      .setExpirationTime(now + lifetime)
      .sign(key.privateKey);
  }

  function createPool({ logicalId }: ResolvedResource): CreatedResource {
    const id = `${settings.region}_local`;
    return {
      ref: id,
      attributes: {
        UserPoolId: id,
        Arn: `arn:aws:cognito-idp:${settings.region}:${settings.accountId}:userpool/${id}`,
        ProviderName: `cognito-idp.${settings.region}.amazonaws.com/${logicalId}`,
        ProviderURL: issuer,
      },
    };
  }

  function createClient(resource: ResolvedResource): CreatedResource {
    checkRequired(resource);
    audience = `local-${resource.logicalId}`;
    return {
      ref: audience,
      attributes: { ClientId: audience, Name: String(resource.properties.ClientName ?? audience) },
    };
  }
}

function checkRequired(resource: ResolvedResource): void {
  checkProperties(resource, { required: ['UserPoolId'], ignored: Object.keys(resource.properties) });
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}

async function readText(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request as AsyncIterable<Buffer>) {
    text += chunk.toString();
    if (text.length > 10_000) throw new Error('body: too long');
  }
  return text;
}
