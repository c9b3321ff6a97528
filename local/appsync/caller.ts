import type { Principal } from '../types.ts';
import type { AuthMode } from './graphql-api.ts';

/** What a request brings that authorization may look at. */
export interface RequestCredentials {
  /** Lower-case names. Over WebSocket: the members of the `header` or `authorization` object. */
  headers: Record<string, string>;
  sourceIp: string;
  /** Absent while a WebSocket connects. */
  operation?: { query: string; operationName?: string; variables: Record<string, unknown> };
}

/** A caller who has passed authorization. */
export interface Caller {
  mode: AuthMode;
  /** `ctx.identity` */
  identity: Record<string, unknown>;
  /** `Type.field`, `arn:…/types/Type/fields/field`: fields that the authorizer withholds. */
  deniedFields: ReadonlySet<string>;
  /** Of an IAM caller. */
  principal?: Principal;
}

/** A request that AppSync turns away before it looks at the query. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused';
  readonly status: number;
  readonly errorType: string;

  constructor(status: number, errorType: string, message: string) {
    super(message);
    this.status = status;
    this.errorType = errorType;
  }
}

export const notAuthorized = (): RequestRefused =>
  new RequestRefused(401, 'UnauthorizedException', 'You are not authorized to make this call.');
