import { createServer } from 'node:http';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';

/** An OIDC issuer of a test's own; `JWT_ISSUER` and `JWT_AUDIENCE` point to it. */
export interface TestIssuer {
  /** A signed token; the claims override the good defaults, `undefined` removes one. */
  token(claims?: JWTPayload, options?: { kid?: string; foreignKey?: boolean }): Promise<string>;
  stop(): Promise<void>;
}

const audience = 'test-client';

export async function startIssuer(): Promise<TestIssuer> {
  const own = await generateKeyPair('RS256');
  const foreign = await generateKeyPair('RS256');
  const jwk = { ...(await exportJWK(own.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' };
  const server = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ keys: [jwk] }));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const issuer = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  process.env.JWT_ISSUER = issuer;
  process.env.JWT_AUDIENCE = audience;
  return {
    token(claims = {}, { kid = 'k1', foreignKey = false } = {}) {
      const now = Math.floor(Date.now() / 1_000);
      const good = { iss: issuer, aud: audience, sub: 'user-1', iat: now, exp: now + 3_600 };
      const payload = Object.fromEntries(
        Object.entries({ ...good, tenantId: 'acme', role: 'member', ...claims }).filter(
          ([, value]) => value !== undefined,
        ),
      );
      return new SignJWT(payload)
        .setProtectedHeader({ alg: 'RS256', kid })
        .sign(foreignKey ? foreign.privateKey : own.privateKey);
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
