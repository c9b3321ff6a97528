import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import { credentialsFromEnvironment } from '../aws-credentials.ts';
import { env } from '../environment.ts';

export interface RequestToSign {
  /** The signing name, e.g. `sqs`. */
  service: string;
  url: URL;
  headers: Record<string, string>;
  body: string;
  timeoutMillis: number;
}

/** SHA-256, or its HMAC, in the form that the signer takes. */
export class Sha256 {
  readonly #key: string | Uint8Array | undefined;
  #hash: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#key = secret === undefined || typeof secret === 'string' ? secret : toBytes(secret);
    this.#hash = this.#start();
  }

  update(chunk: Uint8Array): void {
    this.#hash.update(chunk);
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }

  reset(): void {
    this.#hash = this.#start();
  }

  #start(): Hash | Hmac {
    return this.#key === undefined ? createHash('sha256') : createHmac('sha256', this.#key);
  }
}

function toBytes(source: ArrayBuffer | ArrayBufferView): Uint8Array {
  return source instanceof ArrayBuffer
    ? new Uint8Array(source)
    : new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
}

const signers = new Map<string, SignatureV4>();

function signerFor(service: string): SignatureV4 {
  let signer = signers.get(service);
  if (!signer) {
    signer = new SignatureV4({
      service,
      region: env('AWS_REGION'),
      credentials: credentialsFromEnvironment,
      sha256: Sha256,
    });
    signers.set(service, signer);
  }
  return signer;
}

/**
 * A POST signed with the function's role, for the calls that need no whole SDK client: a client costs
 * 20 KB of bundle and start-up time each.
 */
export async function signedPost({
  service,
  url,
  headers,
  body,
  timeoutMillis,
}: RequestToSign): Promise<Response> {
  const signed = await signerFor(service).sign({
    method: 'POST',
    protocol: url.protocol,
    hostname: url.hostname,
    port: url.port ? Number(url.port) : undefined,
    path: url.pathname,
    query: {},
    headers: { ...headers, host: url.host },
    body,
  });
  const { host: _host, ...sent } = signed.headers;
  return fetch(url, { method: 'POST', headers: sent, body, signal: AbortSignal.timeout(timeoutMillis) });
}
