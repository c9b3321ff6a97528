import * as z from 'zod';
import { RequestRefused } from './caller.ts';

/** https://docs.aws.amazon.com/appsync/latest/devguide/real-time-websocket-client.html */
export const SUBPROTOCOL = 'graphql-ws';
const HEADER_PROTOCOL = /^header-([A-Za-z0-9_-]+={0,2})$/;

/** Messages of a client; others are answered with `UnsupportedOperation`. */
const authorizationShape = z.record(z.string(), z.string());
export const clientMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('connection_init') }),
  z.object({
    type: z.literal('start'),
    id: z.string().min(1).max(128),
    payload: z.object({
      data: z.string(),
      extensions: z.object({ authorization: authorizationShape }),
    }),
  }),
  z.object({ type: z.literal('stop'), id: z.string() }),
]);
export type ClientMessage = z.infer<typeof clientMessage>;

/** The JSON in `payload.data` of a `start` message. */
export const startData = z.object({
  query: z.string().min(1),
  operationName: z.optional(z.nullable(z.string())),
  variables: z.optional(z.nullable(z.record(z.string(), z.unknown()))),
});

/** An entry of `payload.errors` in `error` and `connection_error` messages. */
export interface RealtimeError {
  errorType: string | null;
  message: string;
  errorCode?: number;
}

/**
 * The authorization that a connection opens with: query parameter `header`, or the subprotocol
 * `header-<base64url>`; both are Base64 of JSON with `host` and `Authorization`.
 *
 * @returns its members with lower-case names
 * @throws {RequestRefused} 400 when it is missing or cannot be read
 */
export function connectionHeaders(url: string, protocols: readonly string[]): Record<string, string> {
  const inProtocol = protocols.map((protocol) => HEADER_PROTOCOL.exec(protocol)?.[1]).find(Boolean);
  const encoded = inProtocol ?? new URL(url, 'ws://localhost').searchParams.get('header');
  if (!encoded) throw new RequestRefused(400, 'BadRequestException', 'Required headers are missing.');
  let json: unknown;
  try {
    // A "+" in a query string reads as a space.
    json = JSON.parse(Buffer.from(encoded.replaceAll(' ', '+'), 'base64').toString('utf8'));
  } catch {
    throw new RequestRefused(400, 'BadRequestException', 'The header parameter is no Base64 of JSON.');
  }
  const parsed = authorizationShape.safeParse(json);
  if (!parsed.success) {
    throw new RequestRefused(
      400,
      'BadRequestException',
      'The header parameter must be an object of strings.',
    );
  }
  return requiredHeaders(parsed.data);
}

/**
 * @returns the members with lower-case names
 * @throws {RequestRefused} 400 without `host`, which AppSync insists on
 */
export function requiredHeaders(authorization: Record<string, string>): Record<string, string> {
  const headers = Object.fromEntries(
    Object.entries(authorization).map(([name, value]) => [name.toLowerCase(), value]),
  );
  if (headers.host === undefined) {
    throw new RequestRefused(400, 'BadRequestException', 'Required headers are missing: host.');
  }
  return headers;
}
