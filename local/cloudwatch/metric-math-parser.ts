/** The syntax tree of a metric math expression. */
export type Expression =
  | { kind: 'number'; value: number }
  | { kind: 'text'; value: string }
  | { kind: 'id'; name: string }
  | { kind: 'list'; items: Expression[] }
  | { kind: 'negate'; operand: Expression }
  | { kind: 'binary'; operator: string; left: Expression; right: Expression }
  | { kind: 'call'; name: string; args: Expression[] };

const TOKEN =
  /\s*(?:(\d+(?:\.\d+)?|\.\d+)|([A-Za-z_]\w*)|"([^"]*)"|'([^']*)'|(<=|>=|==|!=|&&|\|\||[-+*/^<>(),[\]]))/y;

/** Weakest first; all associate to the left. */
const LEVELS = [
  ['OR', '||'],
  ['AND', '&&'],
  ['==', '!='],
  ['<', '<=', '>', '>='],
  ['+', '-'],
  ['*', '/'],
  ['^'],
];
const SAME: Record<string, string> = { '||': 'OR', '&&': 'AND' };

interface Token {
  kind: 'number' | 'word' | 'text' | 'sign' | 'end';
  text: string;
}

/** @param fail makes the error to throw from a message */
export function parseExpression(text: string, fail: (message: string) => Error): Expression {
  const tokens = tokenize(text, fail);
  let at = 0;
  const peek = (): Token => tokens[at] ?? { kind: 'end', text: 'the end' };
  const take = (): Token => {
    const token = peek();
    at += 1;
    return token;
  };
  const expect = (sign: string): void => {
    const token = take();
    if (token.kind !== 'sign' || token.text !== sign) throw fail(`expected "${sign}" before ${token.text}`);
  };

  const level = (depth: number): Expression => {
    const operators = LEVELS[depth];
    if (!operators) return unary();
    let left = level(depth + 1);
    while (operators.includes(peek().text) && peek().kind !== 'text') {
      const sign = take().text;
      left = { kind: 'binary', operator: SAME[sign] ?? sign, left, right: level(depth + 1) };
    }
    return left;
  };

  const unary = (): Expression => {
    if (peek().kind === 'sign' && peek().text === '-') {
      take();
      return { kind: 'negate', operand: unary() };
    }
    return primary();
  };

  const listUntil = (close: string): Expression[] => {
    const items: Expression[] = [];
    while (peek().text !== close || peek().kind !== 'sign') {
      if (items.length > 0) expect(',');
      items.push(level(0));
    }
    expect(close);
    return items;
  };

  const primary = (): Expression => {
    const token = take();
    if (token.kind === 'number') return { kind: 'number', value: Number(token.text) };
    if (token.kind === 'text') return { kind: 'text', value: token.text };
    if (token.kind === 'word') {
      if (peek().kind !== 'sign' || peek().text !== '(') return { kind: 'id', name: token.text };
      take();
      return { kind: 'call', name: token.text.toUpperCase(), args: listUntil(')') };
    }
    if (token.text === '(' && token.kind === 'sign') {
      const inner = level(0);
      expect(')');
      return inner;
    }
    if (token.text === '[' && token.kind === 'sign') return { kind: 'list', items: listUntil(']') };
    throw fail(`unexpected ${token.text}`);
  };

  const expression = level(0);
  if (peek().kind !== 'end') throw fail(`unexpected ${peek().text}`);
  return expression;
}

function tokenize(text: string, fail: (message: string) => Error): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (text.slice(at).trim() !== '') {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (!match) throw fail(`unexpected "${text.slice(at).trim().charAt(0)}"`);
    at = TOKEN.lastIndex;
    const [, number, word, double, single, sign] = match;
    if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word });
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign });
    else tokens.push({ kind: 'text', text: double ?? single ?? '' });
  }
  return tokens;
}
