import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { FunctionLog } from '../lambda/function-log.ts';
import { StartError } from '../start-error.ts';
import type { HttpOrigin, LambdaService, ProvidingService, RuntimeContext } from '../types.ts';
import { type AccessFacts, compileAccessLog } from './access-log.ts';
import { type ApiDefinition, ApiDefinitions } from './api-definition.ts';
import type { ApiIdentity } from './api-event.ts';
import { apiMetrics } from './api-metrics.ts';
import { Edge } from './edge.ts';
import { EdgeDefinitions } from './edge-definition.ts';
import { FrontServer } from './front-server.ts';
import { HttpApi } from './http-api.ts';
import { LambdaAuthorizer } from './lambda-authorizer.ts';
import { Throttle } from './throttle.ts';
import { splitTarget } from './url-decoding.ts';

export interface HttpServiceOptions {
  lambda: LambdaService;
}

export interface HttpService extends ProvidingService {
  /** How often an authorizer's cached result served, and how often its function was asked. */
  authorizerCache(): { hits: number; misses: number };
  /** The port that is listened on, once started. */
  readonly port: number;
}

/**
 * AppSync has hosts of its own in the cloud; locally it has these paths on the one origin: what functions call as
 * the API's URL, and the real-time endpoint, which CloudFront does not serve.
 */
const graphqlPaths = /^(?:\/api)?\/graphql\/realtime$|^\/graphql$/;

/**
 * The one public origin: the template's CloudFront distribution, behind it the HTTP APIs, both on
 * `127.0.0.1:<port>`. Without a distribution the HTTP API answers by itself.
 */
export function createHttpService(context: RuntimeContext, options: HttpServiceOptions): HttpService {
  return new LocalHttp(context, options);
}

class LocalHttp implements HttpService {
  readonly providers;
  port: number;
  readonly #context: RuntimeContext;
  readonly #lambda: LambdaService;
  readonly #apis: ApiDefinitions;
  readonly #edge: EdgeDefinitions;
  readonly #front: FrontServer;
  readonly #authorizers: LambdaAuthorizer[] = [];
  readonly #logs: FunctionLog[] = [];
  #entrance: HttpOrigin | undefined;

  constructor(context: RuntimeContext, { lambda }: HttpServiceOptions) {
    this.#context = context;
    this.#lambda = lambda;
    this.port = context.settings.port;
    this.#apis = new ApiDefinitions(context.settings);
    this.#edge = new EdgeDefinitions(context);
    this.providers = { ...this.#apis.providers, ...this.#edge.providers };
    this.#front = new FrontServer({ route: (request) => this.#route(request), log: context.log });
  }

  /** @throws {StartError} naming a route whose function no permission lets the API invoke */
  async start(): Promise<void> {
    const { origins, log } = this.#context;
    const apis = [...this.#apis.all.values()].map((definition) => {
      const api = this.#serveApi(definition);
      origins.register(definition.domainName, api);
      return api;
    });
    const { distribution, domainName } = this.#edge;
    this.#entrance = distribution ? new Edge({ distribution, domainName, origins, log }) : apis[0];
    this.port = await this.#front.listen(this.#context.settings.port);
  }

  async stop(): Promise<void> {
    await this.#front.close();
    await Promise.all(this.#logs.map((log) => log.close()));
  }

  authorizerCache(): { hits: number; misses: number } {
    const sum = { hits: 0, misses: 0 };
    for (const { hits, misses } of this.#authorizers) {
      sum.hits += hits;
      sum.misses += misses;
    }
    return sum;
  }

  #route(request: IncomingMessage): HttpOrigin | undefined {
    const { path } = splitTarget(request.url ?? '/');
    if (graphqlPaths.test(path)) {
      const appSync = this.#context.origins.find(this.#edge.domainName);
      if (appSync) return appSync;
    }
    return this.#entrance;
  }

  #serveApi(definition: ApiDefinition): HttpApi {
    const { settings, metrics, log } = this.#context;
    const { apiId, domainName, stage, cors, routes, integrations } = definition;
    if (!stage) throw new StartError(`${definition.logicalId} (AWS::ApiGatewayV2::Api) has no stage`);
    const { region, accountId } = settings;
    const identity: ApiIdentity = { region, accountId, apiId, domainName, stage: stage.StageName };
    const authorizers = new Map(
      [...definition.authorizers].map(([id, authorizer]) => [
        id,
        new LambdaAuthorizer(authorizer, identity, this.#lambda),
      ]),
    );
    this.#authorizers.push(...authorizers.values());
    const limits = stage.DefaultRouteSettings;
    const measure = apiMetrics(identity, limits?.DetailedMetricsEnabled ?? false, metrics);
    const logAccess = this.#accessLog(stage.AccessLogSettings);
    const api = new HttpApi({
      identity,
      routes,
      integrations,
      authorizers,
      cors,
      throttle:
        limits?.ThrottlingRateLimit && limits.ThrottlingBurstLimit
          ? new Throttle(limits.ThrottlingRateLimit, limits.ThrottlingBurstLimit)
          : undefined,
      lambda: this.#lambda,
      finished: (facts) => {
        measure(facts);
        logAccess(facts);
      },
      log,
    });
    this.#checkPermissions(definition, api, authorizers);
    return api;
  }

  /** In the cloud a missing permission shows with the first request; here the start says which one. */
  #checkPermissions(
    { routeList, integrations, logicalId }: ApiDefinition,
    api: HttpApi,
    authorizers: Map<string, LambdaAuthorizer>,
  ): void {
    const service = 'apigateway.amazonaws.com';
    const required = [...authorizers.values()].map(({ functionArn, sourceArn }) => ({
      functionArn,
      arn: sourceArn,
      what: 'its authorizer',
    }));
    for (const { routeKey, integrationId } of routeList) {
      const functionArn = integrations.get(integrationId)?.functionArn ?? '';
      required.push({ functionArn, arn: api.routeSourceArn(routeKey), what: `the route ${routeKey}` });
    }
    for (const { functionArn, arn, what } of required) {
      if (this.#lambda.permits(functionArn, { service, arn })) continue;
      throw new StartError(
        `${logicalId} (AWS::ApiGatewayV2::Api): no AWS::Lambda::Permission lets ${service} invoke ${functionArn} for ${what} (${arn})`,
      );
    }
  }

  #accessLog(settings: { DestinationArn: string; Format: string } | undefined): (facts: AccessFacts) => void {
    if (!settings) return () => {};
    const name = /log-group:(?:.*\/)?([^/:]+)/.exec(settings.DestinationArn)?.[1] ?? 'access';
    const log = new FunctionLog(join(this.#context.settings.dataDir, 'logs', `${name}.log`));
    this.#logs.push(log);
    const format = compileAccessLog(settings.Format);
    return (facts) => log.write(format(facts));
  }
}
