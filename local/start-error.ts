/** Why the runtime cannot start, in one line for the operator; no stack trace is shown for it. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
