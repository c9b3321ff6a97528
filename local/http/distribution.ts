import * as z from 'zod';
import { parseProperties } from '../parse-properties.ts';
import type { EdgeEvent } from './edge-function.ts';
import { type ForwardPolicy, managedPolicies } from './edge-policies.ts';

const association = z.strictObject({
  EventType: z.enum(['viewer-request', 'viewer-response']),
  FunctionARN: z.string(),
});

const behavior = z.strictObject({
  TargetOriginId: z.string(),
  PathPattern: z.string().optional(),
  ViewerProtocolPolicy: z.string(),
  AllowedMethods: z.array(z.string()).default(['GET', 'HEAD']),
  CachedMethods: z.array(z.string()).optional(),
  CachePolicyId: z.string(),
  OriginRequestPolicyId: z.string().optional(),
  Compress: z.boolean().optional(),
  FunctionAssociations: z.array(association).default([]),
});

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-cloudfront-distribution.html */
const properties = z.strictObject({
  DistributionConfig: z.looseObject({
    Enabled: z.literal(true),
    DefaultCacheBehavior: behavior,
    CacheBehaviors: z.array(behavior).default([]),
    Origins: z.array(
      z.looseObject({ Id: z.string(), DomainName: z.string(), OriginPath: z.string().optional() }),
    ),
  }),
  Tags: z.array(z.unknown()).optional(),
});

export type EdgeFunctionRunner = (event: EdgeEvent) => unknown;

/** One behaviour: what happens to the requests of its paths. */
export interface EdgeBehavior {
  matches(path: string): boolean;
  allowedMethods: ReadonlySet<string>;
  /** Host name that the origin is registered under. */
  originHost: string;
  /** Put before the path. */
  originPath: string;
  policies: ForwardPolicy[];
  viewerRequest?: EdgeFunctionRunner;
  viewerResponse?: EdgeFunctionRunner;
}

export interface Distribution {
  id: string;
  /** In the order in which they are tried; the last takes every path. */
  behaviors: EdgeBehavior[];
}

/** What a distribution refers to. */
export interface EdgeParts {
  /** By ARN. */
  functions: ReadonlyMap<string, EdgeFunctionRunner>;
  /** By id, besides AWS's managed ones. */
  policies: ReadonlyMap<string, ForwardPolicy>;
}

/** @throws {Error} naming what the runtime does not know */
export function readDistribution(id: string, given: Record<string, unknown>, parts: EdgeParts): Distribution {
  const config = parseProperties(properties, given).DistributionConfig;
  const read = (one: z.infer<typeof behavior>): EdgeBehavior => {
    const origin = config.Origins.find(({ Id }) => Id === one.TargetOriginId);
    if (!origin) throw new Error(`TargetOriginId ${one.TargetOriginId} is none of the origins`);
    const runner = (type: EdgeEvent['context']['eventType']) => {
      const found = one.FunctionAssociations.find(({ EventType }) => EventType === type);
      if (!found) return undefined;
      const run = parts.functions.get(found.FunctionARN);
      if (!run) throw new Error(`the template has no CloudFront function ${found.FunctionARN}`);
      return run;
    };
    return {
      matches: pathMatcher(one.PathPattern ?? '*'),
      allowedMethods: new Set(one.AllowedMethods),
      originHost: origin.DomainName,
      originPath: origin.OriginPath ?? '',
      policies: [one.CachePolicyId, one.OriginRequestPolicyId]
        .filter((policy) => policy !== undefined)
        .map((policy) => findPolicy(policy, parts)),
      viewerRequest: runner('viewer-request'),
      viewerResponse: runner('viewer-response'),
    };
  };
  return { id, behaviors: [...config.CacheBehaviors, config.DefaultCacheBehavior].map(read) };
}

function findPolicy(id: string, { policies }: EdgeParts): ForwardPolicy {
  const policy = policies.get(id) ?? managedPolicies[id];
  if (!policy) throw new Error(`policy ${id} has no local counterpart`);
  return policy;
}

/** `*` is any text, `?` one character; case counts, and the leading slash may be left out. */
function pathMatcher(pattern: string): (path: string) => boolean {
  const source = pattern
    .replace(/^(?=[^/*])/, '/')
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const expression = new RegExp(`^${source}$`, 's');
  return (path) => expression.test(path);
}
