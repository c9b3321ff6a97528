import type { FunctionCredentials, Principal } from '../types.ts';
import { type Caller, notAuthorized, type RequestCredentials, RequestRefused } from './caller.ts';
import type { GraphqlApi } from './graphql-api.ts';
import { createLambdaAuthorizer, type LambdaAuthorizerDeps } from './lambda-authorizer.ts';

const SIGV4 = /^AWS4-HMAC-SHA256 .*Credential=([^/,]+)\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request/;

/** Decides who calls, or refuses. */
export type Authenticate = (credentials: RequestCredentials) => Promise<Caller>;

/**
 * Authorization of an API: a SigV4 signature means IAM, anything else goes to the Lambda authorizer. Of a
 * signature the credential is looked up; the signature itself is not recomputed, since whoever reads the
 * local secret keys could sign anyway.
 *
 * @throws {RequestRefused} from the returned function: 401 `UnauthorizedException`, 403 for a bad credential
 */
export function createAuthentication(
  api: GraphqlApi,
  credentials: FunctionCredentials,
  deps: LambdaAuthorizerDeps,
): Authenticate {
  const askLambda = api.lambdaAuthorizer && createLambdaAuthorizer(api.lambdaAuthorizer, deps);
  return async (request) => {
    const token = request.headers.authorization;
    if (token === undefined || token === '') {
      throw new RequestRefused(401, 'UnauthorizedException', 'Missing authorization header');
    }
    if (token.startsWith('AWS4-HMAC-SHA256')) {
      if (!api.modes.includes('AWS_IAM')) throw notAuthorized();
      return iamCaller(token, request, credentials, deps.accountId);
    }
    if (!askLambda) throw notAuthorized();
    return askLambda(token, request);
  };
}

function iamCaller(
  token: string,
  { sourceIp }: RequestCredentials,
  credentials: FunctionCredentials,
  accountId: string,
): Caller {
  const [, accessKeyId, , service] = SIGV4.exec(token) ?? [];
  if (accessKeyId === undefined) {
    throw new RequestRefused(
      403,
      'IncompleteSignatureException',
      'Authorization header has no SigV4 credential.',
    );
  }
  if (service !== 'appsync') {
    throw new RequestRefused(
      403,
      'InvalidSignatureException',
      "Credential should be scoped to correct service: 'appsync'.",
    );
  }
  const principal = credentials.principalOf(accessKeyId);
  if (!principal) {
    throw new RequestRefused(
      403,
      'UnrecognizedClientException',
      'The security token included in the request is invalid.',
    );
  }
  return {
    mode: 'AWS_IAM',
    identity: {
      accountId,
      cognitoIdentityAuthProvider: null,
      cognitoIdentityAuthType: null,
      cognitoIdentityId: null,
      cognitoIdentityPoolId: null,
      sourceIp: [sourceIp],
      userArn: sessionArn(principal),
      username: accessKeyId,
    },
    deniedFields: new Set(),
    principal,
  };
}

/** `arn:aws:iam::1:role/x` as the session that STS would make of it. */
function sessionArn({ roleArn }: Principal): string {
  return `${roleArn.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/local`;
}
