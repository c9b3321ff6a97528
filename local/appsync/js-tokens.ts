/** A token of resolver code; comments and white space are none. */
export interface JsToken {
  kind: 'word' | 'number' | 'string' | 'template' | 'regex' | 'sign';
  text: string;
  /** Offset in the code. */
  start: number;
  line: number;
}

const SPACE = /(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)+/y;
const WORD = /[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/uy;
const NUMBER = /0[xob][\da-f_]+n?|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:e[+-]?\d+)?n?/iy;
const STRING = /'(?:[^'\\\n]|\\[\s\S])*'|"(?:[^"\\\n]|\\[\s\S])*"/y;
const REGEX = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
const SIGN =
  /\.\.\.|=>|\?\?=|&&=|\|\|=|\*\*=|>>>=|===|!==|>>>|<<=|>>=|\?\.(?!\d)|\+\+|--|\*\*|\?\?|&&|\|\||==|!=|<=|>=|<<|>>|[-+*/%&|^]=|[-+*/%=<>!&|^~?:;,.(){}[\]@#]/y;

/** After these words a slash begins a regular expression, after any other it divides. */
const BEFORE_OPERAND = new Set(['return', 'typeof', 'case', 'in', 'of', 'delete', 'void', 'else', 'do']);

/**
 * Cuts JavaScript into tokens; what stands in a template's `${…}` comes as tokens of its own.
 *
 * @throws {SyntaxError} at a character that no token begins with
 */
export function tokenizeJs(code: string): JsToken[] {
  const tokens: JsToken[] = [];
  const lineStarts = [0];
  for (let index = code.indexOf('\n'); index >= 0; index = code.indexOf('\n', index + 1))
    lineStarts.push(index + 1);
  const lineAt = (offset: number) => lineStarts.findLastIndex((start) => start <= offset) + 1;
  let at = 0;

  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(code)?.[0];
  };
  const push = (kind: JsToken['kind'], text: string): void => {
    tokens.push({ kind, text, start: at, line: lineAt(at) });
    at += text.length;
  };
  const template = (): void => {
    const opening = at;
    let end = at + 1;
    while (end < code.length && code[end] !== '`') {
      if (code.startsWith('${', end)) {
        push('template', code.slice(at, end + 2));
        tokensUntil('}');
        end = at;
      } else end += code[end] === '\\' ? 2 : 1;
    }
    if (end >= code.length) throw new SyntaxError(`line ${lineAt(opening)}: the template literal has no end`);
    push('template', code.slice(at, end + 1));
  };
  /** Up to the closing brace of a template's expression (left for the template), or to the end. */
  const tokensUntil = (close: string | undefined): void => {
    let depth = 0;
    for (;;) {
      at += match(SPACE)?.length ?? 0;
      if (at >= code.length) return;
      const char = code.charAt(at);
      if (char === close && depth === 0) return;
      if (char === '`') {
        template();
        continue;
      }
      if (char === '{') depth += 1;
      if (char === '}') depth -= 1;
      const regex = char === '/' && beginsOperand(tokens.at(-1)) ? match(REGEX) : undefined;
      const [kind, text] =
        (
          [
            ['regex', regex],
            ['word', match(WORD)],
            ['number', match(NUMBER)],
            ['string', match(STRING)],
            ['sign', match(SIGN)],
          ] as const
        ).find(([, found]) => found !== undefined) ?? [];
      if (kind === undefined || text === undefined) {
        throw new SyntaxError(`line ${lineAt(at)}: unexpected "${char}"`);
      }
      push(kind, text);
    }
  };

  tokensUntil(undefined);
  return tokens;
}

function beginsOperand(previous: JsToken | undefined): boolean {
  if (!previous) return true;
  if (previous.kind === 'sign') return ![')', ']', '}'].includes(previous.text);
  return previous.kind === 'word' && BEFORE_OPERAND.has(previous.text);
}
