import vm from 'node:vm';

/** A header, cookie or parameter in an event of CloudFront Functions. */
export interface EdgeValue {
  value: string;
  multiValue?: { value: string }[];
}

/** https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/functions-event-structure.html */
export interface EdgeRequest {
  method: string;
  uri: string;
  querystring: Record<string, EdgeValue>;
  headers: Record<string, EdgeValue>;
  cookies: Record<string, EdgeValue>;
}

export interface EdgeResponse {
  statusCode: number;
  statusDescription?: string;
  headers?: Record<string, EdgeValue>;
  cookies?: Record<string, EdgeValue>;
  body?: string | { encoding: 'text' | 'base64'; data: string };
}

export interface EdgeEvent {
  version: '1.0';
  context: {
    distributionDomainName: string;
    distributionId: string;
    eventType: 'viewer-request' | 'viewer-response';
    requestId: string;
  };
  viewer: { ip: string };
  request: EdgeRequest;
  response?: EdgeResponse;
}

/** Only the code's top level runs under it: a limit on each call would cost more than all the rest of a request. */
const loadLimitMilliseconds = 1000;

/**
 * Compiles a function of the runtime cloudfront-js-2.0, which has the language but no modules and no network.
 * @param log takes what the function writes to its console
 * @returns runs it; throws what it throws
 * @throws {Error} when the code does not parse or has no `handler`
 */
export function compileEdgeFunction(
  name: string,
  code: string,
  log: (line: string) => void,
): (event: EdgeEvent) => unknown {
  const write = (...parts: unknown[]) => log(`${name}: ${parts.join(' ')}`);
  const context = vm.createContext(
    { console: { log: write, error: write } },
    { codeGeneration: { strings: false, wasm: false } },
  );
  vm.runInContext(code, context, { filename: `${name}.js`, timeout: loadLimitMilliseconds });
  const handler: unknown = vm.runInContext('typeof handler === "function" ? handler : undefined', context);
  if (typeof handler !== 'function') throw new Error('the code declares no function "handler"');
  return (event) => handler(event);
}
