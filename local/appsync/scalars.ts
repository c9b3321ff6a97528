import { isIP } from 'node:net';
import { GraphQLError, GraphQLScalarType, type ValueNode, valueFromASTUntyped } from 'graphql';

/** A value that is not of its scalar; AppSync says which value and which scalar. */
export class ScalarError extends GraphQLError {}

const OFFSET = String.raw`(?:Z|[+-]\d{2}:\d{2}(?::\d{2})?)`;
const DATE = String.raw`-?\d{4,}-\d{2}-\d{2}`;
const TIME = String.raw`\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?`;
const datePattern = new RegExp(`^(${DATE})${OFFSET}?$`);
const timePattern = new RegExp(`^(${TIME})${OFFSET}?$`);
const dateTimePattern = new RegExp(`^(${DATE})T(${TIME})${OFFSET}$`);
const emailPattern =
  /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+$/;

/** The day exists: no 30 February. */
function isDate(text: string | undefined): boolean {
  if (text === undefined) return false;
  const [year, month, day] = text.replace(/^-/, '').split('-').map(Number);
  if (year === undefined || month === undefined || day === undefined) return false;
  const date = new Date(Date.UTC(2000 + (year % 400), month - 1, day));
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

function isTime(text: string | undefined): boolean {
  const [hour = 99, minute = 99, second = 0] = (text ?? '').split(':').map(Number);
  return hour < 24 && minute < 60 && second < 60;
}

const isUrl = (value: string): boolean => URL.canParse(value) && /^[a-z][a-z0-9+.-]*:/i.test(value);
/** Digits, at least the three of an emergency number, with an optional country code and separators. */
const isPhone = (value: string): boolean =>
  /^\+?[\d\s().-]+$/.test(value) && /^\d{3,15}$/.test(value.replaceAll(/\D/g, ''));
const isNetwork = (value: string): boolean => {
  const [address = '', length, ...rest] = value.split('/');
  const family = isIP(address);
  return (
    family > 0 &&
    rest.length === 0 &&
    (length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= (family === 4 ? 32 : 128)))
  );
};

/** https://docs.aws.amazon.com/appsync/latest/devguide/scalars.html */
const textScalars: Record<string, (value: string) => boolean> = {
  AWSDate: (value) => isDate(datePattern.exec(value)?.[1]),
  AWSTime: (value) => isTime(timePattern.exec(value)?.[1]),
  AWSDateTime: (value) => {
    const [, date, time] = dateTimePattern.exec(value) ?? [];
    return isDate(date) && isTime(time);
  },
  AWSEmail: (value) => emailPattern.test(value),
  AWSURL: isUrl,
  AWSPhone: isPhone,
  AWSIPAddress: isNetwork,
};

function textScalar(name: string, isValid: (value: string) => boolean): GraphQLScalarType {
  const check = (value: unknown): string => {
    if (typeof value === 'string' && isValid(value)) return value;
    throw new ScalarError(`Expected type '${name}' but was '${String(value)}'`);
  };
  return new GraphQLScalarType({ name, coerceOutputValue: check, coerceInputValue: check });
}

/** Seconds before or after 1970-01-01T00:00Z. */
const timestamp = (value: unknown): number => {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  if (typeof number === 'number' && Number.isInteger(number)) return number;
  throw new ScalarError(`Expected type 'AWSTimestamp' but was '${String(value)}'`);
};

function parseJson(value: unknown): unknown {
  if (typeof value !== 'string') throw new ScalarError("Expected type 'AWSJSON', a string of JSON");
  try {
    return JSON.parse(value);
  } catch {
    throw new ScalarError(`Expected type 'AWSJSON' but was '${value}'`);
  }
}

/** JSON as a string on the wire: resolvers see the parsed value, clients the string. */
const json = new GraphQLScalarType({
  name: 'AWSJSON',
  coerceInputValue: parseJson,
  coerceInputLiteral: (node: ValueNode) => parseJson(valueFromASTUntyped(node)),
  coerceOutputValue: (value) => (typeof value === 'string' ? value : JSON.stringify(value)),
});

/** The scalars that AppSync adds to GraphQL's own. */
export const awsScalars: readonly GraphQLScalarType[] = [
  ...Object.entries(textScalars).map(([name, isValid]) => textScalar(name, isValid)),
  new GraphQLScalarType({ name: 'AWSTimestamp', coerceInputValue: timestamp, coerceOutputValue: timestamp }),
  json,
];
