import { currentCredentials } from '../aws-credentials.ts';
import { env } from '../environment.ts';
import { sha256Hex, signRequest } from './sign-request.ts';

export interface RequestToSign {
  /** The signing name, e.g. `sqs`. */
  service: string;
  url: URL;
  headers: Record<string, string>;
  body: string;
  timeoutMillis: number;
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
  const signing = { ...currentCredentials(), region: env('AWS_REGION'), service };
  const sent = signRequest(signing, { method: 'POST', url, headers }, sha256Hex(body));
  return fetch(url, { method: 'POST', headers: sent, body, signal: AbortSignal.timeout(timeoutMillis) });
}
