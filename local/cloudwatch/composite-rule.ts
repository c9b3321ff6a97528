import type { AlarmStateValue } from './alarm-evaluation.ts';

/** Tells whether the rule holds, given each alarm's state by name. */
export type CompositeRule = (stateOf: (alarmName: string) => AlarmStateValue) => boolean;

/** An `AlarmRule` that does not parse. */
export class AlarmRuleError extends Error {
  override readonly name = 'AlarmRuleError';
}

const TOKEN =
  /\s*(?:(ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:"([^"]+)"|([^")\s]+))\s*\)|(AND|OR|NOT|TRUE|FALSE|[()]))/y;

/**
 * Parses the rule language of composite alarms: `ALARM(x)`, `OK(x)`, `INSUFFICIENT_DATA(x)`, `TRUE`,
 * `FALSE`, `AND`, `OR`, `NOT` and parentheses; names or ARNs, quoted or not.
 *
 * @returns the rule and the names of the alarms it reads
 * @throws {AlarmRuleError}
 */
export function parseAlarmRule(text: string): { rule: CompositeRule; alarmNames: string[] } {
  const tokens = [...tokenize(text)];
  const alarmNames: string[] = [];
  let at = 0;

  const binary = (word: 'OR' | 'AND', operand: () => CompositeRule): CompositeRule => {
    const operands = [operand()];
    while (tokens[at]?.word === word) {
      at += 1;
      operands.push(operand());
    }
    return word === 'OR'
      ? (stateOf) => operands.some((rule) => rule(stateOf))
      : (stateOf) => operands.every((rule) => rule(stateOf));
  };
  const disjunction = (): CompositeRule => binary('OR', () => binary('AND', primary));

  const primary = (): CompositeRule => {
    const token = tokens[at];
    at += 1;
    if (token?.state) {
      const { state, alarmName } = token;
      alarmNames.push(alarmName);
      return (stateOf) => stateOf(alarmName) === state;
    }
    if (token?.word === 'NOT') {
      const operand = primary();
      return (stateOf) => !operand(stateOf);
    }
    if (token?.word === 'TRUE' || token?.word === 'FALSE') return () => token.word === 'TRUE';
    if (token?.word === '(') {
      const inner = disjunction();
      if (tokens[at]?.word !== ')') throw new AlarmRuleError(`a ")" is missing in ${text}`);
      at += 1;
      return inner;
    }
    throw new AlarmRuleError(`unexpected ${token?.word ?? 'end'} in ${text}`);
  };

  const rule = disjunction();
  if (at < tokens.length)
    throw new AlarmRuleError(`unexpected ${tokens[at]?.word ?? tokens[at]?.state} in ${text}`);
  return { rule, alarmNames };
}

type Token =
  | { state: AlarmStateValue; alarmName: string; word?: undefined }
  | { state?: undefined; word: string };

function* tokenize(text: string): Generator<Token> {
  let at = 0;
  while (text.slice(at).trim() !== '') {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (!match) throw new AlarmRuleError(`cannot read "${text.slice(at, at + 40).trim()}"`);
    at = TOKEN.lastIndex;
    const [, state, quoted, bare, word] = match;
    const name = quoted ?? bare;
    if (state !== undefined && name !== undefined)
      yield { state: state as AlarmStateValue, alarmName: nameOf(name) };
    else if (word !== undefined) yield { word };
  }
}

/** `arn:aws:cloudwatch:<region>:<account>:alarm:<name>` or the name itself. */
function nameOf(reference: string): string {
  return reference.startsWith('arn:') ? reference.split(':').slice(6).join(':') : reference;
}
