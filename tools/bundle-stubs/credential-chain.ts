/**
 * Stands in for the SDK's credential provider chain in the bundles: 135 KB and 35 ms of start that a
 * function does not need, whose credentials are in its environment (functions/shared/aws-credentials.ts).
 */
export function defaultProvider(): never {
  throw new Error('this client was made without credentials: pass credentialsFromEnvironment');
}
