import { readFileSync } from 'node:fs';
import { Duration } from 'aws-cdk-lib';
import {
  AllowedMethods,
  type BehaviorOptions,
  CacheHeaderBehavior,
  CachePolicy,
  CacheQueryStringBehavior,
  Distribution,
  Function as EdgeFunction,
  FunctionCode,
  FunctionEventType,
  FunctionRuntime,
  HttpVersion,
  OriginProtocolPolicy,
  OriginRequestPolicy,
  PriceClass,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { Construct } from 'constructs';
import type { GraphqlApi } from './graphql-api.ts';
import type { RestApi } from './rest-api.ts';
import { physicalName, type Stage } from './stage.ts';

export interface EdgeProps {
  stage: Stage;
  restApi: RestApi;
  graphqlApi: GraphqlApi;
}

/** The one origin that clients see: REST, GraphQL and the documentation under the same host. */
export class Edge extends Construct {
  /** `https://<host>`, without a trailing slash. */
  readonly url: string;

  constructor(scope: Construct, id: string, { stage, restApi, graphqlApi }: EdgeProps) {
    super(scope, id);
    const viewerRequest = new EdgeFunction(this, 'ViewerRequest', {
      runtime: FunctionRuntime.JS_2_0,
      code: FunctionCode.fromInline(readFileSync(new URL('edge-viewer-request.js', import.meta.url), 'utf8')),
    });
    const behavior = {
      viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
      allowedMethods: AllowedMethods.ALLOW_ALL,
      cachePolicy: CachePolicy.CACHING_DISABLED,
      originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
      functionAssociations: [{ function: viewerRequest, eventType: FunctionEventType.VIEWER_REQUEST }],
    } satisfies Omit<BehaviorOptions, 'origin'>;
    const rest = new HttpOrigin(restApi.domainName, {
      protocolPolicy: OriginProtocolPolicy.HTTPS_ONLY,
      readTimeout: Duration.seconds(30),
    });
    const graphql = new HttpOrigin(graphqlApi.domainName, {
      protocolPolicy: OriginProtocolPolicy.HTTPS_ONLY,
      readTimeout: Duration.seconds(30),
    });
    // The documentation is the same for everyone; it stays cached as long as its own Cache-Control says.
    const documents = new CachePolicy(this, 'Documents', {
      minTtl: Duration.seconds(0),
      defaultTtl: Duration.seconds(0),
      maxTtl: Duration.days(1),
      headerBehavior: CacheHeaderBehavior.none(),
      queryStringBehavior: CacheQueryStringBehavior.none(),
      enableAcceptEncodingBrotli: true,
      enableAcceptEncodingGzip: true,
    });
    const distribution = new Distribution(this, 'Distribution', {
      comment: physicalName(stage, 'edge'),
      defaultBehavior: { origin: rest, ...behavior },
      additionalBehaviors: {
        '/api/graphql': { origin: graphql, ...behavior },
        '/api/docs/*': {
          origin: rest,
          ...behavior,
          allowedMethods: AllowedMethods.ALLOW_GET_HEAD_OPTIONS,
          cachePolicy: documents,
          compress: true,
          originRequestPolicy: undefined,
        },
      },
      httpVersion: HttpVersion.HTTP2_AND_3,
      priceClass: PriceClass.PRICE_CLASS_100,
    });
    this.url = `https://${distribution.distributionDomainName}`;
  }
}
