import type { FunctionCredentials } from '../types.ts';
import type { FunctionSettings } from './function-settings.ts';

/**
 * The whole environment of a sandbox: what the template gives the function and what Lambda sets itself
 * (https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html). Nothing of the operator's
 * own environment gets in but PATH and the temporary directory.
 */
export function sandboxEnvironment(
  settings: FunctionSettings,
  credentials: FunctionCredentials,
): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin',
    ...(process.env.TMPDIR && { TMPDIR: process.env.TMPDIR }),
    LANG: 'en_US.UTF-8',
    // Documents the intent; the time zone of a worker is that of the process, which the service sets.
    TZ: ':UTC',
    // Receivers of webhooks under development are on this machine; in the cloud they never may be.
    WEBHOOKS_ALLOW_LOOPBACK: 'true',
    ...credentials.environment(settings.roleArn),
    ...settings.variables,
    _HANDLER: settings.handler,
    AWS_EXECUTION_ENV: `AWS_Lambda_nodejs${process.versions.node.split('.')[0]}.x`,
    AWS_LAMBDA_FUNCTION_NAME: settings.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(settings.memoryMegabytes),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: settings.logging.group,
    AWS_LAMBDA_LOG_STREAM_NAME: `local/[$LATEST]${settings.name}`,
    AWS_LAMBDA_LOG_FORMAT: settings.logging.format,
    AWS_LAMBDA_LOG_LEVEL: settings.logging.level,
    LAMBDA_TASK_ROOT: settings.taskRoot,
    LAMBDA_RUNTIME_DIR: import.meta.dirname,
  };
}
