import type { ServerResponse } from 'node:http';
import { type ProblemCode, problemCodes } from '../../functions/shared/problem.ts';

/** An answer that a function did not give. */
export interface GatewayProblem {
  status: number;
  code: ProblemCode;
  detail: string;
  headers?: Record<string, string>;
}

/** @param status where the gateway's differs from the code's own, e.g. 504 */
export function problem(code: ProblemCode, detail: string, status?: number): GatewayProblem {
  return { code, detail, status: status ?? problemCodes[code].status };
}

/**
 * The document of section "Errors" of the API guide. API Gateway itself answers `{"message": "…"}` and CloudFront
 * an XML or HTML page; locally the problem document says more to whoever looks for the cause.
 */
export function problemDocument({ status, code, detail }: GatewayProblem, traceId: string): string {
  const title = problemCodes[code].title;
  return JSON.stringify({ type: `/api/docs/errors#${code}`, title, status, detail, code, traceId });
}

export const problemContentType = 'application/problem+json';

export function sendProblem(
  response: ServerResponse,
  answer: GatewayProblem,
  traceId: string,
  headers: Record<string, string> = {},
): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const body = problemDocument(answer, traceId);
  response.writeHead(answer.status, {
    'content-type': problemContentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...headers,
    ...answer.headers,
  });
  response.end(body);
}
