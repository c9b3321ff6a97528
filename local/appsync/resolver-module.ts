import { compileFunction } from 'node:vm';
import { type JsToken, tokenizeJs } from './js-tokens.ts';
import { checkResolverCode, ResolverCodeError } from './resolver-code-check.ts';

/** What a resolver's or function's file exports. */
export interface ResolverModule {
  request?: (context: unknown) => unknown;
  response?: (context: unknown) => unknown;
}

/**
 * Compiles APPSYNC_JS code.
 *
 * @param filename for stack traces
 * @param modules module name → its exports
 * @throws {ResolverCodeError} for code that APPSYNC_JS does not take or that does not compile
 */
export function compileResolverModule(
  code: string,
  filename: string,
  modules: Record<string, object>,
  console: Record<string, unknown>,
): ResolverModule {
  checkResolverCode(code);
  const importModule = (name: string): object => {
    const found = modules[name];
    if (!found) throw new ResolverCodeError(`the module ${name} is not offered locally`);
    return found;
  };
  try {
    const run = compileFunction(asFunctionBody(code), ['importModule', 'console'], { filename });
    return run(importModule, console) as ResolverModule;
  } catch (error) {
    if (error instanceof ResolverCodeError) throw error;
    throw new ResolverCodeError(
      `the code does not load: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Turns the module syntax that resolvers use into a function body; lines stay where they are. */
function asFunctionBody(code: string): string {
  const tokens = tokenizeJs(code);
  const edits: { from: number; to: number; text: string }[] = [];
  const exported = new Map<string, string>();
  let depth = 0;
  for (const [index, token] of tokens.entries()) {
    if (token.kind === 'sign' && '([{'.includes(token.text)) depth += 1;
    if (token.kind === 'sign' && ')]}'.includes(token.text)) depth -= 1;
    if (depth > 0 || token.kind !== 'word') continue;
    if (token.text === 'import') edits.push(importEdit(tokens, index));
    if (token.text === 'export') edits.push(exportEdit(tokens, index, exported));
  }
  let body = code;
  for (const { from, to, text } of edits.reverse()) {
    const lines = '\n'.repeat(body.slice(from, to).split('\n').length - 1);
    body = `${body.slice(0, from)}${text}${lines}${body.slice(to)}`;
  }
  const members = [...exported].map(([name, local]) => `${name}: ${local}`);
  return `'use strict'; ${body}\nreturn { ${members.join(', ')} };`;
}

function endOf(token: JsToken): number {
  return token.start + token.text.length;
}

/** `import { a as b } from 'm'`, `import * as n from 'm'`. */
function importEdit(tokens: readonly JsToken[], index: number): { from: number; to: number; text: string } {
  const start = tokens[index];
  const source = tokens.findIndex((token, at) => at > index && token.kind === 'string');
  const name = tokens[source];
  const clause = tokens.slice(index + 1, source - 1).map(({ text }) => text);
  if (!start || !name) throw new ResolverCodeError('an import without a module');
  const isNamespace = clause[0] === '*' && clause[1] === 'as';
  const isNamed = clause[0] === '{' && clause.at(-1) === '}';
  if (!isNamespace && !isNamed) {
    throw new ResolverCodeError(
      `line ${start.line}: only "import { … } from" and "import * as … from" are known`,
    );
  }
  const target = isNamespace ? clause[2] : clause.map((text) => (text === 'as' ? ':' : text)).join(' ');
  return { from: start.start, to: endOf(name), text: `const ${target} = importModule(${name.text})` };
}

/** `export function f`, `export const f`, `export { f, g as h }`. */
function exportEdit(
  tokens: readonly JsToken[],
  index: number,
  exported: Map<string, string>,
): { from: number; to: number; text: string } {
  const [start, kind, name] = tokens.slice(index, index + 3);
  if (!start || !kind || !name) throw new ResolverCodeError('an export of nothing');
  if (['function', 'const', 'let', 'var'].includes(kind.text)) {
    exported.set(name.text, name.text);
    return { from: start.start, to: endOf(start), text: '' };
  }
  if (kind.text !== '{')
    throw new ResolverCodeError(`line ${start.line}: APPSYNC_JS has no "export ${kind.text}"`);
  const close = tokens.findIndex((token, at) => at > index && token.text === '}');
  const last = tokens[close];
  if (!last) throw new ResolverCodeError(`line ${start.line}: the export has no end`);
  const words = tokens.slice(index + 2, close).map(({ text }) => text);
  for (const entry of words.join(' ').split(',')) {
    const [local, , alias] = entry.trim().split(' ');
    if (local) exported.set(alias ?? local, local);
  }
  return { from: start.start, to: endOf(last), text: '' };
}
