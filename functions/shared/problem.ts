/** The stable codes of section "Errors" of the API guide, each with its status and title. */
export const problemCodes = {
  malformed_json: { status: 400, title: 'The body is not valid JSON' },
  unknown_parameter: { status: 400, title: 'Unknown query parameter' },
  invalid_cursor: { status: 400, title: 'The cursor does not fit this request' },
  unsupported_sort: { status: 400, title: 'Unsupported sort' },
  unauthenticated: { status: 401, title: 'Missing or invalid credentials' },
  forbidden: { status: 403, title: 'Not allowed' },
  not_found: { status: 404, title: 'Not found' },
  conflict: { status: 409, title: 'Conflict' },
  duplicate: { status: 409, title: 'Already exists' },
  lease_lost: { status: 409, title: 'The lease is no longer held' },
  invalid_transition: { status: 409, title: 'Not possible in this state' },
  idempotency_in_flight: { status: 409, title: 'A request with this idempotency key is still running' },
  precondition_failed: { status: 412, title: 'The record has changed' },
  payload_too_large: { status: 413, title: 'Payload too large' },
  validation_failed: { status: 422, title: 'Validation failed' },
  idempotency_mismatch: { status: 422, title: 'Idempotency key reused for another request' },
  precondition_required: { status: 428, title: 'If-Match is required' },
  rate_limited: { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'Internal error' },
  unavailable: { status: 503, title: 'Temporarily unavailable' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemCode = keyof typeof problemCodes;

/** One finding in a request: `pointer` into the body (RFC 6901) or `parameter` of the query or path. */
export interface ProblemDetail {
  pointer?: string;
  parameter?: string;
  /** Stable snake_case, e.g. `required`, `invalid_type`, `unknown_field`. */
  code: string;
  message: string;
}

export interface ProblemOptions {
  errors?: ProblemDetail[];
  /** Further members of the problem document, e.g. `existingId`. */
  extensions?: Record<string, unknown>;
  /** Response headers, e.g. `retry-after`. */
  headers?: Record<string, string>;
  /** The item that somebody else wrote first; callers are not told. */
  contended?: string;
}

/** The one error type that reaches callers: handlers and resolvers turn it into their own shape. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly code: ProblemCode;
  readonly detail: string;
  readonly options: ProblemOptions;

  constructor(code: ProblemCode, detail: string, options: ProblemOptions = {}) {
    super(detail);
    this.code = code;
    this.detail = detail;
    this.options = options;
  }

  get status(): number {
    return problemCodes[this.code].status;
  }

  /** The RFC 9457 document. `type` is a stable URI reference that the docs answer. */
  toDocument(traceId: string): Record<string, unknown> {
    return {
      type: `/api/docs/errors#${this.code}`,
      title: problemCodes[this.code].title,
      status: this.status,
      detail: this.detail,
      code: this.code,
      traceId,
      ...(this.options.errors?.length ? { errors: this.options.errors } : {}),
      ...this.options.extensions,
    };
  }
}

/** A 422 with its findings. */
export function validationFailed(errors: ProblemDetail[]): Problem {
  const first = errors[0];
  const where = first?.pointer ?? first?.parameter;
  const detail = first ? `${where ? `${where}: ` : ''}${first.message}` : 'The request is not valid';
  return new Problem(
    'validation_failed',
    errors.length > 1 ? `${detail} (and ${errors.length - 1} more)` : detail,
    {
      errors,
    },
  );
}

/** The 404 for an id that does not exist for this caller: the same whether it exists for another tenant or not. */
export function notFound(what: string, id: string): Problem {
  return new Problem('not_found', `No ${what} with the id ${JSON.stringify(id.slice(0, 100))}`);
}
