import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, type JWK } from 'jose';
import type { DataDirectory } from '../data-directory.ts';

export interface SigningKey {
  id: string;
  privateKey: KeyObject;
  /** As the JWKS publishes it. */
  publicJwk: JWK;
}

/** The issuer's RSA key, made once per data directory so that tokens outlive a restart. */
export async function openSigningKey(data: DataDirectory): Promise<SigningKey> {
  const pem = data.keep('issuer-key.pem', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  });
  const privateKey = createPrivateKey(pem);
  const jwk = await exportJWK(createPublicKey(privateKey));
  const id = await calculateJwkThumbprint(jwk);
  return { id, privateKey, publicJwk: { ...jwk, kid: id, alg: 'RS256', use: 'sig' } };
}
