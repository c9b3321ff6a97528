import { toPointer } from '../../shared/validation.ts';
import { formatNames } from './formats.ts';
import { dialect, type KeywordKind, typeNames } from './schema-keywords.ts';
import { isObject } from './schema-walk.ts';

/** What is wrong with the value of a keyword: where below it, and what to do. */
export interface KeywordFault {
  path: string;
  message: string;
}

const fault = (message: string, path = ''): KeywordFault[] => [{ path, message }];
const isName = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown) => typeof value === 'number' || JSON.isRawJSON(value);

/** The values that keywords of a kind can have; what stands inside sub-schemas is not looked at. */
const checks: Record<KeywordKind, (value: unknown) => KeywordFault[]> = {
  schema: (value) => (isSchema(value) ? [] : fault(schemaNeeded)),
  schemas: (value) => {
    if (!Array.isArray(value) || value.length === 0) return fault('must be an array of schemas, not empty');
    return value.flatMap((schema, at) => (isSchema(schema) ? [] : fault(schemaNeeded, `/${at}`)));
  },
  schemaMap: (value) => {
    if (!isObject(value)) return fault('must be an object of schemas by name');
    return Object.entries(value).flatMap(([name, schema]) =>
      isSchema(schema) ? [] : fault(schemaNeeded, toPointer([name])),
    );
  },
  patternMap: (value) => {
    const shape = checks.schemaMap(value);
    if (shape.length > 0) return shape;
    return Object.keys(value as object).flatMap((pattern) =>
      checks.pattern(pattern).map(({ message }) => ({ path: toPointer([pattern]), message })),
    );
  },
  type: (value) => {
    const names = Array.isArray(value) ? value : [value];
    const known = names.every((name) => typeNames.some((type) => type === name));
    const once = new Set(names).size === names.length;
    return names.length > 0 && known && once
      ? []
      : fault(`must be one of ${typeNames.join(', ')}, or an array of some of them`);
  },
  count: (value) =>
    Number.isSafeInteger(value) && (value as number) >= 0
      ? []
      : fault('must be a whole number, not negative'),
  number: (value) => (isNumber(value) ? [] : fault('must be a number')),
  divisor: (value) =>
    isNumber(value) && Number(rawText(value)) > 0 ? [] : fault('must be a number above 0'),
  text: (value) => (isName(value) ? [] : fault('must be a string')),
  flag: (value) => (typeof value === 'boolean' ? [] : fault('must be true or false')),
  pattern: (value) => {
    if (!isName(value)) return fault('must be a regular expression as a string');
    try {
      new RegExp(value, 'u');
      return [];
    } catch (error) {
      const reason = error instanceof Error ? error.message.replace(/^.*: /, '') : 'not valid';
      return fault(`is no regular expression of ECMA-262 with the u flag: ${reason}`);
    }
  },
  format: (value) =>
    formatNames.some((name) => name === value)
      ? []
      : fault(`is not a format that is checked; those are ${formatNames.join(', ')}`),
  names: (value) => {
    const valid = Array.isArray(value) && value.every(isName) && new Set(value).size === value.length;
    return valid ? [] : fault('must be an array of names, each once');
  },
  namesMap: (value) => {
    if (!isObject(value)) return fault('must be an object of arrays of names');
    return Object.entries(value).flatMap(([name, names]) =>
      checks.names(names).map(({ message }) => ({ path: toPointer([name]), message })),
    );
  },
  values: (value) => {
    if (!Array.isArray(value)) return fault('must be an array');
    return value.flatMap((member, at) =>
      checks.anything(member).map(({ message }) => ({ path: `/${at}`, message })),
    );
  },
  anything: (value) => (hasRawNumber(value) ? fault(rawRefused) : []),
  reference: (value) => {
    if (isName(value) && /^#(\/|$|[A-Za-z_][-A-Za-z0-9._]*$)/.test(value)) return [];
    return fault(
      'must begin with # and stay in this definition, such as #/$defs/item: nothing is fetched from elsewhere',
    );
  },
  anchor: (value) =>
    isName(value) && /^[A-Za-z_][-A-Za-z0-9._]*$/.test(value)
      ? []
      : fault('must be a name of letters, digits, ".", "_" or "-"'),
  dialect: (value) =>
    isName(value) && value.replace(/#$/, '') === dialect
      ? []
      : fault(`must be ${dialect}, the one dialect that is understood`),
  identity: (value) =>
    isName(value) && URL.canParse(value, 'https://id.example') && !value.includes('#')
      ? []
      : fault('must be a URI without a fragment'),
};

const schemaNeeded = 'must be a schema: an object, or true or false';
const rawRefused = 'has a number that a double cannot hold and cannot be compared with; use a string';

function isSchema(value: unknown): boolean {
  return typeof value === 'boolean' || isObject(value);
}

function rawText(value: unknown): string {
  return JSON.isRawJSON(value) ? value.rawJSON : String(value);
}

function hasRawNumber(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return JSON.isRawJSON(value) || Object.values(value).some(hasRawNumber);
}

/** Checks the value of one keyword. */
export function checkKeyword(kind: KeywordKind, value: unknown): KeywordFault[] {
  return checks[kind](value);
}
