import * as z from 'zod';

/** Which of something is sent on: all, none, those listed, or all but those listed (names in lower case). */
export type Selection = { kind: 'all' | 'none' } | { kind: 'only' | 'allBut'; names: ReadonlySet<string> };

/** What one policy lets through to the origin. */
export interface ForwardPolicy {
  headers: Selection;
  query: Selection;
  cookies: Selection;
}

const all: Selection = { kind: 'all' };
const none: Selection = { kind: 'none' };
const nothing: ForwardPolicy = { headers: none, query: none, cookies: none };
const but = (...names: string[]): Selection => ({ kind: 'allBut', names: new Set(names) });

/**
 * AWS's managed policies by their ids, as far as they are simple to say.
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-origin-request-policies.html
 */
export const managedPolicies: Record<string, ForwardPolicy> = {
  // CachingDisabled, CachingOptimized, CachingOptimizedForUncompressedObjects
  '4135ea2d-6df8-44a3-9df3-4b5a84be39ad': nothing,
  '658327ea-f89d-4fab-a63d-7e88639e58f6': nothing,
  'b2884449-e4de-46a7-ac36-70bc7f1ddd6d': nothing,
  // AllViewer, AllViewerExceptHostHeader
  '216adef6-5c7f-47e4-b989-5492eafa07d3': { headers: all, query: all, cookies: all },
  'b689b0a8-53d0-40ab-baf2-68738e2966ac': { headers: but('host'), query: all, cookies: all },
};

const names = z.array(z.string());
const selection = { none, all, allViewer: all };

/** Both policy types say the same in almost the same words. */
const configuration = z.looseObject({
  HeadersConfig: z.looseObject({ HeaderBehavior: z.string(), Headers: names.optional() }),
  QueryStringsConfig: z.looseObject({ QueryStringBehavior: z.string(), QueryStrings: names.optional() }),
  CookiesConfig: z.looseObject({ CookieBehavior: z.string(), Cookies: names.optional() }),
});

/** `CachePolicyConfig` and `OriginRequestPolicyConfig`. */
export const cachePolicyProperties = z.strictObject({
  CachePolicyConfig: z.looseObject({ ParametersInCacheKeyAndForwardedToOrigin: configuration }),
});
export const originRequestPolicyProperties = z.strictObject({ OriginRequestPolicyConfig: configuration });

/** @throws {Error} for a behaviour that does not exist */
export function readForwardPolicy(config: z.infer<typeof configuration>): ForwardPolicy {
  const { HeadersConfig: h, QueryStringsConfig: q, CookiesConfig: c } = config;
  return {
    headers: select(h.HeaderBehavior, h.Headers),
    query: select(q.QueryStringBehavior, q.QueryStrings),
    cookies: select(c.CookieBehavior, c.Cookies),
  };
}

function select(behavior: string, listed: string[] = []): Selection {
  if (behavior in selection) return selection[behavior as keyof typeof selection];
  const known = new Set(listed.map((name) => name.toLowerCase()));
  if (behavior === 'whitelist') return { kind: 'only', names: known };
  if (behavior === 'allExcept') return { kind: 'allBut', names: known };
  throw new Error(`behaviour "${behavior}" has no local counterpart`);
}

export function selects(choice: Selection, name: string): boolean {
  switch (choice.kind) {
    case 'all':
      return true;
    case 'none':
      return false;
    case 'only':
      return choice.names.has(name.toLowerCase());
    default:
      return !choice.names.has(name.toLowerCase());
  }
}

/** About the body and the cached copy, not for the origin to vary on: CloudFront always sends them. */
const alwaysForwarded = new Set([
  'content-type',
  'content-length',
  'content-encoding',
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'range',
  'x-amzn-trace-id',
  'x-forwarded-for',
]);

/** What reaches the origin of a viewer's headers. */
export function forwardHeaders(
  headers: Record<string, string>,
  policies: readonly ForwardPolicy[],
): Record<string, string> {
  const chosen: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (name === 'cookie') {
      const cookies = value
        .split(/; */)
        .filter((cookie) =>
          policies.some((policy) => selects(policy.cookies, cookie.split('=', 1)[0] ?? '')),
        );
      if (cookies.length > 0) chosen.cookie = cookies.join('; ');
    } else if (alwaysForwarded.has(name) || policies.some((policy) => selects(policy.headers, name))) {
      chosen[name] = value;
    }
  }
  return chosen;
}

/** @param query without the question mark, encoded */
export function forwardQuery(query: string, policies: readonly ForwardPolicy[]): string {
  if (query === '' || policies.some((policy) => policy.query.kind === 'all')) return query;
  return query
    .split('&')
    .filter((pair) => policies.some((policy) => selects(policy.query, pair.split('=', 1)[0] ?? '')))
    .join('&');
}
