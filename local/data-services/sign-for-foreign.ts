import { createHash, createHmac } from 'node:crypto';
import { SignatureV4 } from '@smithy/signature-v4';
import type { HttpCall } from './http-call.ts';

/** The signing names of the services, as AWS spells them in a credential scope. */
const signingNames: Record<string, string> = { dynamodbstreams: 'dynamodb' };

/** Only these take part: what a proxy or Node adds on the way must not break the signature. */
const signedHeaders = ['content-type', 'x-amz-target', 'x-amz-content-sha256'];

/**
 * Signs a call for a service that somebody else runs, with the credentials in the environment of `npm start`;
 * without any it goes out as it is, which the usual emulators accept.
 */
export async function signForForeign(target: URL, service: string, call: HttpCall): Promise<HttpCall> {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION } = process.env;
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) return call;
  const signer = new SignatureV4({
    service: signingNames[service] ?? service,
    region: AWS_REGION ?? 'us-east-1',
    credentials: {
      accessKeyId: AWS_ACCESS_KEY_ID,
      secretAccessKey: AWS_SECRET_ACCESS_KEY,
      sessionToken: AWS_SESSION_TOKEN,
    },
    sha256: Sha256,
    uriEscapePath: service !== 's3',
  });
  const [path = '/', query = ''] = call.path.split('?', 2);
  const kept = signedHeaders.flatMap((name) => {
    const value = call.headers[name];
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
  const signed = await signer.sign({
    method: call.method,
    protocol: target.protocol,
    hostname: target.hostname,
    port: target.port === '' ? undefined : Number(target.port),
    path,
    query: Object.fromEntries(new URLSearchParams(query)),
    headers: { host: target.host, ...Object.fromEntries(kept) },
    body: call.body,
  });
  const { 'x-amz-security-token': _ours, ...rest } = call.headers;
  return { ...call, headers: { ...rest, ...signed.headers } };
}

/** The hash interface of the signer on Node's own. */
class Sha256 {
  readonly #hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', toBytes(secret));
  }
  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(toBytes(data));
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {}
}

function toBytes(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
