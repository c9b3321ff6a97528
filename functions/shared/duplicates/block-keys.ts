import { partsOf } from '../search/words.ts';

/**
 * Contacts are compared with those that they share a block with, never with all. A block is what two duplicates
 * have in common at least; its key follows from one record alone.
 */

/** The kinds of blocks, the narrowest first: a pair is reported in the first one that it shares. */
export const blockKinds = ['email', 'phone', 'mailbox', 'name'] as const;
export type BlockKind = (typeof blockKinds)[number];

export interface Block {
  kind: BlockKind;
  key: string;
}

/** Providers whose addresses say nothing about whom one works for. */
const publicProviders = new Set([
  ...['gmail.com', 'googlemail.com', 'outlook.com', 'hotmail.com', 'live.com', 'msn.com', 'yahoo.com'],
  ...['icloud.com', 'me.com', 'aol.com', 'proton.me', 'protonmail.com', 'gmx.de', 'gmx.net', 'web.de'],
  ...['t-online.de', 'mail.ru', 'yandex.ru', 'qq.com', '163.com', 'orange.fr', 'libero.it', 'comcast.net'],
]);

/** Digits in which two spellings of a number agree: national ones lack the country code. */
const phoneDigits = 8;
const fewestDigits = 7;
/** Letters with which the first or last part of two names begins. */
const nameLetters = 3;
/** Keys are parts of sort keys, which end at 1 KB (AWS). */
const longestKey = 300;

/** An address without case, dots and tags: mail to any of its spellings usually reaches the same person. */
export function mailboxOf(email: unknown): { local: string; domain: string } | undefined {
  if (typeof email !== 'string') return undefined;
  const [, name = '', host = ''] = /^(.*)@([^@]+)$/.exec(email.trim().toLowerCase()) ?? [];
  const local = name.split('+')[0]?.replaceAll('.', '') ?? '';
  const domain = host === 'googlemail.com' ? 'gmail.com' : host;
  return local === '' || domain === '' ? undefined : { local, domain };
}

/** The domain of an organisation; undefined for those that anybody can have an address of. */
export function businessDomain(email: unknown): string | undefined {
  const { domain } = mailboxOf(email) ?? {};
  return domain === undefined || publicProviders.has(domain) ? undefined : domain;
}

/** The last digits of a telephone number, with its extension. */
export function phoneEnding(phone: unknown): string | undefined {
  if (typeof phone !== 'string') return undefined;
  const [number = '', ...extension] = phone.split(/[x#]/i).map((part) => part.replace(/\D/g, ''));
  if (number.length < fewestDigits) return undefined;
  return [number.slice(-phoneDigits), ...extension].join('x');
}

/** The parts of a name without case and accents. */
export function nameParts(name: unknown): string[] {
  return typeof name === 'string' ? partsOf(name) : [];
}

/** The blocks of a contact, in the order of kinds and keys. @param record with `name`, `email`, `phone`, `companyId` */
export function blocksOf(record: Record<string, unknown>): Block[] {
  const { email, companyId } = record;
  const mailbox = mailboxOf(email);
  const ending = phoneEnding(record.phone);
  const parts = nameParts(record.name);
  const ends = [parts[0], parts.at(-1)].filter((part) => part !== undefined && part.length > 1);
  const places = [companyId, businessDomain(email)].filter((place) => typeof place === 'string');
  const keys: Record<BlockKind, string[]> = {
    email: mailbox ? [`${mailbox.local}@${mailbox.domain}`] : [],
    phone: ending === undefined ? [] : [ending],
    mailbox: mailbox && typeof companyId === 'string' ? [`${companyId}/${mailbox.local}`] : [],
    name: places.flatMap((place) => ends.map((part) => `${place}/${part?.slice(0, nameLetters)}`)),
  };
  return blockKinds.flatMap((kind) =>
    [...new Set(keys[kind].map((key) => key.replaceAll(/[#~]/g, '').slice(0, longestKey)))]
      .sort()
      .map((key) => ({ kind, key })),
  );
}
