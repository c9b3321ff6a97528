import { format as libraryFormats } from '@cfworker/json-schema';

type Check = (text: string) => boolean;

/** RFC 3339 as JSON Schema asks for it: the library also takes a blank instead of the T. */
const dateTime: Check = (text) => {
  const [date = '', time = '', ...more] = text.split(/t/i);
  return more.length === 0 && library('date')(date) && library('time')(time);
};

function library(name: string): Check {
  const check = libraryFormats[name];
  if (!check) throw new Error(`the validator has no format ${name}`);
  return check;
}

/** The formats that are asserted; a schema with another one is refused. */
export const formatNames = [
  'date-time',
  'date',
  'time',
  'duration',
  'email',
  'hostname',
  'ipv4',
  'ipv6',
  'uri',
  'uri-reference',
  'uuid',
  'json-pointer',
  'relative-json-pointer',
  'regex',
] as const;

const ownChecks: Partial<Record<(typeof formatNames)[number], Check>> = { 'date-time': dateTime };

/** Gives the library our checks; it looks formats up in this table of its own. */
export function installFormats(): void {
  for (const name of formatNames) libraryFormats[name] = ownChecks[name] ?? library(name);
}
