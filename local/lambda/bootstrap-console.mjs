// With LoggingConfig.LogFormat JSON Lambda wraps each console call in a record, and drops those below the level.
// An embedded metric must therefore be written to process.stdout: through console.log it would be wrapped too.
import { format } from 'node:util';

const levels = { trace: 0, debug: 1, info: 2, log: 2, warn: 3, error: 4 };
const order = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];

/**
 * @param {string} level lowest level that is written, e.g. `INFO`
 * @param {() => string | undefined} requestId of the running invocation
 */
export function patchConsole(level, requestId) {
  const lowest = order.indexOf(level.toUpperCase());
  for (const [method, rank] of Object.entries(levels)) {
    console[method] = (...args) => {
      if (rank < lowest) return;
      const record = {
        timestamp: new Date().toISOString(),
        level: order[rank],
        requestId: requestId(),
        ...message(args),
      };
      process.stdout.write(`${toJson(record)}\n`);
    };
  }
}

function message(args) {
  const [first] = args;
  if (args.length === 1 && first instanceof Error) {
    const { name: errorType, message: errorMessage, stack } = first;
    return { errorType, errorMessage, stackTrace: stack?.split('\n') };
  }
  if (args.length === 1 && typeof first === 'object') return { message: first };
  return { message: format(...args) };
}

function toJson(record) {
  try {
    return JSON.stringify(record);
  } catch {
    return JSON.stringify({ ...record, message: format(record.message) });
  }
}
