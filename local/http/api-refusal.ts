import { AwsError } from '../types.ts';
import type { AccessFacts } from './access-log.ts';
import { BadIntegrationResponseError } from './api-response.ts';
import { type GatewayProblem, problem } from './gateway-problem.ts';
import { BodyTooLargeError } from './request-body.ts';

/** A refusal of the gateway on the way to an answer. */
export class Refusal extends Error {
  readonly problem: GatewayProblem;
  readonly facts: Partial<AccessFacts>;
  constructor(answer: GatewayProblem, facts: Partial<AccessFacts> = {}) {
    super(answer.detail);
    this.problem = answer;
    this.facts = facts;
  }
}

/** What Lambda's refusal of an invocation is to the client; other errors stay what they are. */
export function invocationRefusal(error: unknown, facts: Partial<AccessFacts>): unknown {
  if (!(error instanceof AwsError)) return error;
  switch (error.code) {
    case 'TooManyRequestsException':
      return new Refusal(
        { ...problem('unavailable', 'The function is busy'), headers: { 'retry-after': '1' } },
        facts,
      );
    case 'ServiceUnavailable':
      return new Refusal(problem('unavailable', 'The function cannot be reached'), facts);
    case 'RequestTooLargeException':
      return new Refusal(problem('payload_too_large', 'The request is larger than 6 MB'), facts);
    default:
      return new Refusal(problem('internal', 'The function cannot be invoked'), facts);
  }
}

/** The refusal that an error on the way amounts to; undefined for one that is a fault of the gateway itself. */
export function asRefusal(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error;
  if (error instanceof BodyTooLargeError) {
    return new Refusal(problem('payload_too_large', 'The body is larger than 10 MB'));
  }
  if (error instanceof BadIntegrationResponseError) {
    const integrationError = `The response from the Lambda function doesn't match the format: ${error.message}`;
    return new Refusal(problem('internal', 'The function answered in a wrong format'), { integrationError });
  }
  return undefined;
}
