import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { StartError } from './start-error.ts';

export interface CommandLine {
  port: number;
  /** Absolute. */
  dataDir: string;
  sampleData: boolean;
  /** The CDK app to run instead of cdk.json's. */
  app?: string;
}

export const usage = `npm start -- [options]
  --port <n>          port of the API on 127.0.0.1 (3000)
  --data <directory>  where everything is kept (.tandem)
  --no-sample-data    do not load Northwind on the first start
  --app <command>     run this CDK app instead of cdk.json's`;

/**
 * @param argv without node and the script
 * @returns undefined when only the usage is asked for
 * @throws {StartError} for an unknown option or a bad value
 */
export function readCommandLine(argv: string[], workingDirectory: string): CommandLine | undefined {
  const values = parse(argv);
  if (values.help) return undefined;
  const port = Number(values.port);
  if (!/^\d+$/.test(values.port) || port < 1 || port > 65_535) {
    throw new StartError(`--port takes a number from 1 to 65535, not "${values.port}".`);
  }
  if (values.data === '') throw new StartError('--data takes a directory.');
  return {
    port,
    dataDir: resolve(workingDirectory, values.data),
    sampleData: values['sample-data'],
    app: values.app,
  };
}

function parse(argv: string[]) {
  try {
    return parseArgs({
      args: argv,
      allowNegative: true,
      strict: true,
      options: {
        port: { type: 'string', default: '3000' },
        data: { type: 'string', default: '.tandem' },
        'sample-data': { type: 'boolean', default: true },
        app: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    const [sentence] = (error as Error).message.split('. ');
    throw new StartError(`${sentence}. Options: --port, --data, --no-sample-data, --app.`);
  }
}
