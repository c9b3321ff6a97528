import { randomBytes } from 'node:crypto';
import type { LocalStack } from './start-runtime.ts';

/** The stack that serves all system tests of this run. */
export function sharedStack(): LocalStack {
  const text = process.env.TANDEM_TEST_STACK;
  if (!text) throw new Error('no shared stack: run the system tests through jest.config.mjs');
  return JSON.parse(text) as LocalStack;
}

export type PersonRole = 'owner' | 'admin' | 'manager' | 'member' | 'viewer';

/** An answer with its body read. */
export interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  body: any;
  text: string;
  /** Method, path, status and body in one line, for failing expectations. */
  summary: string;
}

export interface CallOptions {
  headers?: Record<string, string>;
  /** Sent as JSON, or as it is when it is a string. */
  body?: unknown;
  token?: string | null;
}

/** A caller of the API with one identity. */
export interface Api {
  tenantId: string;
  token: string;
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  put(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  patch(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  del(path: string, headers?: Record<string, string>): Promise<Answer>;
  /** The same stack and tenant in another role. */
  as(role: PersonRole): Promise<Api>;
}

/** A new tenant that no other test knows. */
export function newTenantId(): string {
  return `test-${randomBytes(6).toString('hex')}`;
}

/** A token of the local issuer. */
export async function issueToken(
  stack: LocalStack,
  claims: { tenantId: string; role: string; sub?: string; expiresInSeconds?: number },
): Promise<string> {
  const answer = await fetch(`${stack.issuer}/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(claims),
  });
  const body = (await answer.json()) as Record<string, string>;
  const token = body.id_token ?? body.access_token ?? body.token;
  if (!token) throw new Error(`the issuer gave no token: ${answer.status} ${JSON.stringify(body)}`);
  return token;
}

/** A caller with a token of the role, in a new tenant unless told which. */
export async function callerOf(
  options: { stack?: LocalStack; tenantId?: string; role?: PersonRole; token?: string } = {},
): Promise<Api> {
  const stack = options.stack ?? sharedStack();
  const tenantId = options.tenantId ?? newTenantId();
  const role = options.role ?? 'owner';
  const token = options.token ?? (await issueToken(stack, { tenantId, role, sub: `${role}-${tenantId}` }));
  return apiWith(stack, tenantId, token);
}

function apiWith(stack: LocalStack, tenantId: string, token: string): Api {
  const call = async (method: string, path: string, options: CallOptions = {}): Promise<Answer> => {
    const { body } = options;
    const given = options.token === undefined ? token : options.token;
    const response = await fetch(new URL(path, stack.url), {
      method,
      redirect: 'manual',
      headers: {
        ...(given === null ? {} : { authorization: `Bearer ${given}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...options.headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      body: isJson && text !== '' ? JSON.parse(text) : undefined,
      text,
      summary: `${method} ${path} → ${response.status} ${text.slice(0, 500)}`,
    };
  };
  return {
    tenantId,
    token,
    call,
    get: (path, headers) => call('GET', path, { headers }),
    post: (path, body, headers) => call('POST', path, { body, headers }),
    put: (path, body, headers) => call('PUT', path, { body, headers }),
    patch: (path, body, headers) => call('PATCH', path, { body, headers }),
    del: (path, headers) => call('DELETE', path, { headers }),
    as: (role) => callerOf({ stack, tenantId, role }),
  };
}

/**
 * Asks again until the answer passes the check or the time is over; answers the last one.
 * @param pace milliseconds between two questions; slower where the answer is known to take long
 */
export async function eventually<T>(
  ask: () => Promise<T>,
  passes: (value: T) => boolean,
  millis = 20_000,
  pace = 50,
): Promise<T> {
  const deadline = Date.now() + millis;
  for (;;) {
    const value = await ask();
    if (passes(value) || Date.now() > deadline) return value;
    await new Promise((wake) => setTimeout(wake, pace));
  }
}
