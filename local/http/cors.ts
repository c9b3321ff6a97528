import * as z from 'zod';

/** `CorsConfiguration` of an HTTP API. */
export const corsProperties = z.strictObject({
  AllowOrigins: z.array(z.string()).default([]),
  AllowMethods: z.array(z.string()).default([]),
  AllowHeaders: z.array(z.string()).default([]),
  ExposeHeaders: z.array(z.string()).default([]),
  AllowCredentials: z.boolean().default(false),
  MaxAge: z.coerce.number().int().min(-1).max(86_400).optional(),
});
export type CorsSettings = z.infer<typeof corsProperties>;

/**
 * The CORS headers that API Gateway adds to every answer; those of the function are replaced by them.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
 */
export function corsHeaders(cors: CorsSettings, origin: string | undefined): Record<string, string> {
  const allowed = origin === undefined ? undefined : allowedOrigin(cors, origin);
  if (allowed === undefined) return {};
  return {
    'access-control-allow-origin': allowed,
    ...(cors.AllowCredentials && { 'access-control-allow-credentials': 'true' }),
    ...(cors.ExposeHeaders.length > 0 && { 'access-control-expose-headers': cors.ExposeHeaders.join(',') }),
  };
}

/** The answer to a preflight request, which no route and no authorizer sees. */
export function preflightHeaders(cors: CorsSettings, origin: string): Record<string, string> {
  const headers = corsHeaders(cors, origin);
  if (Object.keys(headers).length === 0) return {};
  return {
    ...headers,
    'access-control-allow-methods': cors.AllowMethods.join(','),
    'access-control-allow-headers': cors.AllowHeaders.join(','),
    ...(cors.MaxAge !== undefined && { 'access-control-max-age': String(cors.MaxAge) }),
  };
}

function allowedOrigin({ AllowOrigins, AllowCredentials }: CorsSettings, origin: string): string | undefined {
  if (AllowOrigins.includes('*')) return AllowCredentials ? origin : '*';
  const fits = (pattern: string) =>
    pattern === origin || (pattern.endsWith('*') && origin.startsWith(pattern.slice(0, -1)));
  return AllowOrigins.some(fits) ? origin : undefined;
}
