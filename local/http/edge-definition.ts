import * as z from 'zod';
import { parseProperties } from '../parse-properties.ts';
import type { CreatedResource, ProviderMap, ResolvedResource, RuntimeContext } from '../types.ts';
import { stableId } from './api-definition.ts';
import { type Distribution, type EdgeFunctionRunner, readDistribution } from './distribution.ts';
import { compileEdgeFunction } from './edge-function.ts';
import {
  cachePolicyProperties,
  type ForwardPolicy,
  originRequestPolicyProperties,
  readForwardPolicy,
} from './edge-policies.ts';

const functionProperties = z.strictObject({
  Name: z.string(),
  AutoPublish: z.literal(true),
  FunctionCode: z.string(),
  FunctionConfig: z.strictObject({ Comment: z.string().optional(), Runtime: z.literal('cloudfront-js-2.0') }),
  Tags: z.unknown().optional(),
});

/** Collects the CloudFront resources of the template; it has one distribution at most. */
export class EdgeDefinitions {
  distribution: Distribution | undefined;
  readonly providers: ProviderMap;
  readonly #context: RuntimeContext;
  readonly #functions = new Map<string, EdgeFunctionRunner>();
  readonly #policies = new Map<string, ForwardPolicy>();

  constructor(context: RuntimeContext) {
    this.#context = context;
    this.providers = {
      'AWS::CloudFront::Function': { create: (resource) => this.#function(resource) },
      'AWS::CloudFront::CachePolicy': {
        create: ({ logicalId, properties }) => {
          const { CachePolicyConfig } = parseProperties(cachePolicyProperties, properties);
          return this.#policy(logicalId, CachePolicyConfig.ParametersInCacheKeyAndForwardedToOrigin);
        },
      },
      'AWS::CloudFront::OriginRequestPolicy': {
        create: ({ logicalId, properties }) => {
          const read = parseProperties(originRequestPolicyProperties, properties);
          return this.#policy(logicalId, read.OriginRequestPolicyConfig);
        },
      },
      'AWS::CloudFront::Distribution': { create: (resource) => this.#distribution(resource) },
    };
  }

  /** The host that viewers see. */
  get domainName(): string {
    return new URL(this.#context.settings.origin).host;
  }

  #function({ properties }: ResolvedResource): CreatedResource {
    const { Name, FunctionCode } = parseProperties(functionProperties, properties);
    const arn = `arn:aws:cloudfront::${this.#context.settings.accountId}:function/${Name}`;
    this.#functions.set(arn, compileEdgeFunction(Name, FunctionCode, this.#context.log));
    return { ref: arn, attributes: { FunctionARN: arn, 'FunctionMetadata.FunctionARN': arn, Stage: 'LIVE' } };
  }

  #policy(logicalId: string, config: Parameters<typeof readForwardPolicy>[0]): CreatedResource {
    const id = stableId(logicalId, 12);
    this.#policies.set(id, readForwardPolicy(config));
    return { ref: id, attributes: { Id: id } };
  }

  #distribution({ logicalId, properties }: ResolvedResource): CreatedResource {
    if (this.distribution) throw new Error('the local runtime serves one distribution, the template has two');
    const id = stableId(logicalId, 14).toUpperCase();
    this.distribution = readDistribution(id, properties, {
      functions: this.#functions,
      policies: this.#policies,
    });
    return { ref: id, attributes: { Id: id, DomainName: this.domainName } };
  }
}
