import { type JsToken, tokenizeJs } from './js-tokens.ts';

/** Code that AppSync would not take at deployment. */
export class ResolverCodeError extends Error {
  override readonly name = 'ResolverCodeError';
}

/** https://docs.aws.amazon.com/appsync/latest/devguide/resolver-reference-overview-js.html */
const MAX_CHARACTERS = 32_768;

/** https://docs.aws.amazon.com/appsync/latest/devguide/supported-features.html */
const forbiddenWords = new Set([
  ...['async', 'await', 'yield', 'class', 'this', 'new', 'super'],
  ...['try', 'catch', 'finally', 'throw', 'continue', 'while', 'do', 'with', 'debugger'],
  ...['Promise', 'Date', 'Error', 'RegExp', 'Map', 'Set', 'Proxy', 'Reflect', 'Symbol', 'BigInt'],
  ...['eval', 'Function', 'globalThis', 'process', 'require', 'fetch', 'setTimeout', 'setInterval'],
]);
const forbiddenSigns = new Set(['++', '--', '~']);
const modules = /^@aws-appsync\/utils(?:\/\w+)?$/;

/**
 * What AppSync refuses of resolver and function code, found by its words alone: the point is to hear of
 * it at the start and not at a deployment, not to be a second parser.
 *
 * @throws {ResolverCodeError} naming the first offence and its line
 */
export function checkResolverCode(code: string): void {
  if (code.length > MAX_CHARACTERS) {
    throw new ResolverCodeError(`the code has ${code.length} characters, APPSYNC_JS takes ${MAX_CHARACTERS}`);
  }
  const tokens = tokensOf(code);
  for (const [index, token] of tokens.entries()) {
    const offence = offenceOf(token, index, tokens);
    if (offence !== undefined)
      throw new ResolverCodeError(`line ${token.line}: APPSYNC_JS has no ${offence}`);
  }
}

function tokensOf(code: string): JsToken[] {
  try {
    return tokenizeJs(code);
  } catch (error) {
    throw new ResolverCodeError(error instanceof Error ? error.message : String(error));
  }
}

function offenceOf(token: JsToken, index: number, tokens: readonly JsToken[]): string | undefined {
  const previous = tokens[index - 1]?.text;
  const next = tokens[index + 1]?.text;
  if (token.kind === 'regex') return `regular expression literals (${token.text}): use util.matches`;
  if (token.kind === 'sign' && forbiddenSigns.has(token.text)) return `operator ${token.text}`;
  if (token.kind === 'sign' && token.text === '*' && previous === 'function') return 'generator functions';
  if (token.kind === 'string' && ['from', 'import'].includes(previous ?? '')) {
    const name = token.text.slice(1, -1);
    return modules.test(name) ? undefined : `module "${name}", only @aws-appsync/utils`;
  }
  // A property, in an expression or a literal, may have any name.
  if (token.kind !== 'word' || previous === '.' || previous === '?.' || next === ':') return undefined;
  if (forbiddenWords.has(token.text)) return `"${token.text}"`;
  if (token.text === 'import' && next === '(') return 'dynamic import';
  if (token.text === 'for') return loopOffence(index, tokens);
  if (token.text === 'in' && !isForIn(index, tokens)) return '"in" operator: use Object.hasOwn';
  return undefined;
}

/** `for (…;…;…)`: a semicolon directly inside the parentheses. */
function loopOffence(index: number, tokens: readonly JsToken[]): string | undefined {
  let depth = 0;
  for (const { text } of tokens.slice(index + 1)) {
    if ('([{'.includes(text)) depth += 1;
    if (')]}'.includes(text)) depth -= 1;
    if (depth === 1 && text === ';') return '"for(;;)" loop: use for-of or for-in';
    if (depth === 0) return undefined;
  }
  return undefined;
}

/** `for (const key in object)` */
function isForIn(index: number, tokens: readonly JsToken[]): boolean {
  return tokens[index - 4]?.text === 'for' && ['const', 'let', 'var'].includes(tokens[index - 2]?.text ?? '');
}
