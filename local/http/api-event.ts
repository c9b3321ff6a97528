import { isUtf8 } from 'node:buffer';
import type { ApiRequest } from './api-request.ts';
import { isTextType } from './request-body.ts';
import { decodePercent } from './url-decoding.ts';

/** What all events of one API have in common. */
export interface ApiIdentity {
  accountId: string;
  apiId: string;
  /** `<id>.execute-api.<region>.amazonaws.com` */
  domainName: string;
  region: string;
  stage: string;
}

/**
 * The event of payload format 2.0.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export function integrationEvent(api: ApiIdentity, request: ApiRequest, body: Buffer): object {
  // What is not UTF-8 travels as bytes, so that the function can refuse it instead of reading replacement characters.
  const isText = isTextType(request.headers['content-type']) && isUtf8(body);
  return {
    version: '2.0',
    ...commonEvent(api, request),
    ...(body.length > 0 && { body: body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: body.length > 0 && !isText,
  };
}

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html */
export function authorizerEvent(api: ApiIdentity, request: ApiRequest, identity: string[]): object {
  return {
    version: '2.0',
    type: 'REQUEST',
    routeArn: routeArn(api, request),
    identitySource: identity,
    ...commonEvent(api, request),
  };
}

function routeArn({ region, accountId, apiId, stage }: ApiIdentity, { match }: ApiRequest): string {
  const key = match?.route.routeKey ?? '';
  const route = key.replace(/^(\S+) \//, '$1/');
  return `arn:aws:execute-api:${region}:${accountId}:${apiId}/${stage}/${route}`;
}

function commonEvent(api: ApiIdentity, request: ApiRequest) {
  const { cookie, ...headers } = request.headers;
  const routeKey = request.match?.route.routeKey ?? '$default';
  const parameters = request.match?.parameters ?? {};
  // HTTP APIs hand the path on decoded, in spite of the name.
  const rawPath = decodePercent(request.path);
  const queryStringParameters = readQuery(request.query);
  return {
    routeKey,
    rawPath,
    rawQueryString: request.query,
    ...(cookie !== undefined && { cookies: cookie.split(/; */) }),
    headers,
    ...(queryStringParameters && { queryStringParameters }),
    requestContext: {
      accountId: api.accountId,
      apiId: api.apiId,
      ...(request.authorizerContext && { authorizer: { lambda: request.authorizerContext } }),
      domainName: api.domainName,
      domainPrefix: api.apiId,
      http: {
        method: request.method,
        path: rawPath,
        protocol: 'HTTP/1.1',
        sourceIp: request.sourceIp,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: request.requestId,
      routeKey,
      stage: api.stage,
      time: commonLogTime(request.receivedAt),
      timeEpoch: request.receivedAt,
    },
    ...(Object.keys(parameters).length > 0 && { pathParameters: parameters }),
  };
}

/** Decoded; what comes several times is joined by commas. */
export function readQuery(query: string): Record<string, string> | undefined {
  if (query === '') return undefined;
  const parameters: Record<string, string> = Object.create(null);
  for (const [name, value] of new URLSearchParams(query)) {
    const before = parameters[name];
    parameters[name] = before === undefined ? value : `${before},${value}`;
  }
  return { ...parameters };
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `12/Mar/2026:19:03:58 +0000` */
export function commonLogTime(epochMilliseconds: number): string {
  const iso = new Date(epochMilliseconds).toISOString();
  const month = months[Number(iso.slice(5, 7)) - 1];
  return `${iso.slice(8, 10)}/${month}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
}
