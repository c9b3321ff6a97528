/** What `util.error` raises: the members of AppSync's entry in `errors[]`. */
export class ResolverError extends Error {
  override readonly name = 'ResolverError';
  readonly errorType: string | null;
  readonly data: unknown;
  readonly errorInfo: unknown;

  constructor(
    message: string,
    errorType: string | null = null,
    data: unknown = null,
    errorInfo: unknown = null,
  ) {
    super(message);
    this.errorType = errorType;
    this.data = data;
    this.errorInfo = errorInfo;
  }
}

/** @returns the error of a caller who may not have this field */
export function unauthorizedField(typeName: string, fieldName: string): ResolverError {
  return new ResolverError(`Not Authorized to access ${fieldName} on type ${typeName}`, 'Unauthorized');
}

/** How `runtime.earlyReturn` leaves a handler. Thrown, since nothing in APPSYNC_JS can catch it. */
export class EarlyReturn {
  readonly value: unknown;
  readonly skipTo: 'NEXT' | 'END';

  constructor(value: unknown, skipTo: 'NEXT' | 'END') {
    this.value = value;
    this.skipTo = skipTo;
  }
}
