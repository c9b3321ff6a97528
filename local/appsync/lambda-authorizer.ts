import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { LambdaService } from '../types.ts';
import { type Caller, notAuthorized, type RequestCredentials } from './caller.ts';
import type { LambdaAuthorizerConfig } from './graphql-api.ts';

/** https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html#aws-lambda-authorization */
const verdictShape = z.object({
  isAuthorized: z.boolean(),
  resolverContext: z.optional(z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]))),
  deniedFields: z.optional(z.nullable(z.array(z.string()))),
  ttlOverride: z.optional(z.nullable(z.number().min(0).max(3600))),
});
type Verdict = z.infer<typeof verdictShape>;

/** Tokens are many, answers small: the oldest go first. */
const MAX_CACHED = 10_000;

export interface LambdaAuthorizerDeps {
  apiId: string;
  apiArn: string;
  accountId: string;
  lambda: LambdaService;
  log(line: string): void;
}

/**
 * Asks the API's authorizer function, at most once per token and TTL.
 *
 * @throws {RequestRefused} 401 when the function says no, fails, or answers something else
 */
export function createLambdaAuthorizer(config: LambdaAuthorizerConfig, deps: LambdaAuthorizerDeps) {
  const cache = new Map<string, { verdict: Verdict; expiresAt: number }>();

  const ask = async (token: string, { headers, operation }: RequestCredentials): Promise<Verdict> => {
    const event = {
      authorizationToken: token,
      requestContext: {
        apiId: deps.apiId,
        accountId: deps.accountId,
        requestId: randomUUID(),
        queryString: operation?.query ?? '',
        operationName: operation?.operationName ?? null,
        variables: operation?.variables ?? {},
      },
      requestHeaders: headers,
    };
    const source = { service: 'appsync.amazonaws.com', arn: deps.apiArn };
    const { payload, error } = await deps.lambda.invoke(config.functionArn, event, { source });
    if (error) throw new Error(`${error.errorType}: ${error.errorMessage}`);
    const parsed = verdictShape.safeParse(payload);
    if (!parsed.success)
      throw new Error(`its answer is not valid: ${parsed.error.issues[0]?.path.join('.')}`);
    return parsed.data;
  };

  const verdictOn = async (token: string, credentials: RequestCredentials): Promise<Verdict> => {
    const cached = cache.get(token);
    if (cached && cached.expiresAt > Date.now()) return cached.verdict;
    cache.delete(token);
    let verdict: Verdict;
    try {
      verdict = await ask(token, credentials);
    } catch (error) {
      deps.log(`appsync: the authorizer failed: ${error instanceof Error ? error.message : String(error)}`);
      throw notAuthorized();
    }
    const ttl = verdict.ttlOverride ?? config.ttlSeconds;
    if (ttl > 0) cache.set(token, { verdict, expiresAt: Date.now() + ttl * 1000 });
    const [oldest] = cache.keys();
    if (cache.size > MAX_CACHED && oldest !== undefined) cache.delete(oldest);
    return verdict;
  };

  return async (token: string, credentials: RequestCredentials): Promise<Caller> => {
    if (config.validation && !config.validation.test(token)) throw notAuthorized();
    const verdict = await verdictOn(token, credentials);
    if (!verdict.isAuthorized) throw notAuthorized();
    const context = Object.entries(verdict.resolverContext ?? {}).map(([key, value]) => [key, String(value)]);
    return {
      mode: 'AWS_LAMBDA',
      identity: { resolverContext: Object.fromEntries(context) },
      deniedFields: new Set(verdict.deniedFields ?? []),
    };
  };
}
